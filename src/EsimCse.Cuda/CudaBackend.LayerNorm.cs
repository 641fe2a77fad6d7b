namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <summary>The widest row in fp32 that the kernel's registers hold.</summary>
    internal const int WidestRow = 1024;

    const int NormalizedRowsPerBlock = 4;

    /// <inheritdoc/>
    public void LayerNormForward(Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask, Matrix gamma, Matrix beta,
        float epsilon, Matrix normalized, Matrix rstd, Matrix y)
    {
        ExpectWidth(x);
        Launch("layernorm_forward" + Suffix(x), NormalizedRows(x.Rows), x, bias, residual, offsets, Sentences(offsets),
            (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, gamma, beta, epsilon, normalized, rstd, y, x.Rows, x.Columns);
    }

    /// <inheritdoc/>
    public void LayerNormBackward(Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask, Matrix gamma,
        Matrix dz, Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta)
    {
        if (dbias.IsPresent && !dx.IsPresent && mask.Drops) throw new ArgumentException("the gradient of the bias is the sum of dx: it must be there where the mask drops");
        ExpectWidth(dy);
        int parts = Parts(dy.Rows);
        nint partials = Scratch(2L * parts * dy.Columns * sizeof(float));
        Launch("layernorm_sums" + Suffix(dy), PerColumn(dy.Columns, parts), dy, normalized, partials, dy.Rows, dy.Columns);
        Launch("layernorm_reduce", PerColumn(dy.Columns, Math.Min(1, parts)), partials, dgamma, dbeta, parts, dy.Columns);
        Launch("layernorm_backward" + Suffix(dy), NormalizedRows(dy.Rows), dy, normalized, rstd, offsets, Sentences(offsets),
            (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, gamma, dz, dx, dy.Rows, dy.Columns);
        if (dbias.IsPresent) BiasGradient(dx.IsPresent ? dx : dz, dbias);
    }

    static Geometry NormalizedRows(int rows) => new((rows + NormalizedRowsPerBlock - 1) / NormalizedRowsPerBlock, 128);

    static void ExpectWidth(Matrix x)
    {
        if (x.Columns % 8 != 0 || x.Columns > WidestRow) throw new ArgumentException($"{x}: expected a multiple of 8 columns, at most {WidestRow}");
    }
}
