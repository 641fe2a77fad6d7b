using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const string WideSuffix = "_wide";
    const int LayerNormMaxGroups = 512;

    // layernorm_registers.cuh's RowsAtOnce, MaxRowGroups and MaxThreads, and layernorm_wide.cuh's sizeof(RowMeans).
    const int LayerNormRowsAtOnce = 4;
    const int LayerNormMaxRowGroups = 2;
    const int LayerNormMaxThreads = 512;
    const int RowMeansBytes = 32;

    /// <inheritdoc/>
    public void LayerNormForward(
        Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask, Matrix gamma, Matrix beta,
        float epsilon, Matrix normalized, Matrix rstd, Matrix y)
    {
        ExpectWidth(x);
        string variant = LayerNormForwardVariant(x);
        LaunchConfig config = variant == WideSuffix ? new(x.Rows, 256) : PerWarp(x.Rows);
        Launch(
            "layernorm_forward" + Suffix(x) + variant, config, x, bias, residual, offsets, Sentences(offsets),
            mask, gamma, beta, epsilon, normalized, rstd, y, x.Rows, x.Columns);
    }

    /// <inheritdoc/>
    public void LayerNormBackward(
        Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask, Matrix gamma,
        Matrix dz, Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta)
    {
        if (dbias.IsPresent && !dx.IsPresent && mask.IsActive)
            throw new ArgumentException("layer norm backward: dbias is the sum of dx, which is required with dropout");
        ExpectWidth(dy);
        if (dy.Rows == 0) return;

        int rows = dy.Rows;
        int columns = dy.Columns;
        int threads = CeilingDivide(RowVectors(dy), 32) * 32;
        int groups = Math.Clamp(LayerNormMaxThreads / threads, 1, LayerNormMaxRowGroups);
        int rowsPerPart = LayerNormRowsPerPart(rows, groups);
        int parts = CeilingDivide(rows, rowsPerPart);
        nint partials = KeepSums(parts, 3 * columns, dgamma, dbeta, dbias);

        if (threads <= LayerNormMaxThreads)
        {
            int sharedBytes = groups > 1 ? threads * 3 * VectorBytes / dy.Type.Size() * sizeof(float) : 0;
            LaunchConfig perPart = new(parts, groups * threads, sharedBytes);
            Launch(
                "layernorm_backward" + Suffix(dy), perPart, dy, normalized, rstd, offsets, Sentences(offsets),
                mask, gamma, dz, dx, dbias, partials, rows, rowsPerPart, columns);
        }
        else
        {
            nint rowMeans = Scratch((long)RowMeansBytes * rows);
            LaunchConfig perPartAndColumns = new(CeilingDivide(RowVectors(dy), 128), 128, BlocksY: parts);
            Launch(
                "layernorm_means" + Suffix(dy), new(rows, 256), dy, normalized, offsets, Sentences(offsets),
                mask, gamma, rowMeans, columns);
            Launch(
                "layernorm_backward" + Suffix(dy) + WideSuffix, perPartAndColumns, dy, normalized, rstd,
                mask, gamma, rowMeans, dz, dx, dbias, partials, rows, rowsPerPart, columns);
        }
    }

    /// <summary>Selects the forward entry by the number of vectors that a lane holds of a row.</summary>
    static string LayerNormForwardVariant(Matrix x) => (CeilingDivide(RowVectors(x), 32), x.Type.Size()) switch
    {
        (1, _) => "_v1",
        (2, _) => "_v2",
        (3, _) => "_v3",
        (4, _) => "_v4",
        (5 or 6, sizeof(float)) => "_v6",
        (7 or 8, sizeof(float)) => "_v8",
        _ => WideSuffix,
    };

    /// <summary>
    /// Returns the rows of a block of one or two groups: a multiple of 4 for each of at most 512 groups. It depends on
    /// the shape only, so that the summation order is the same on every GPU.
    /// </summary>
    static int LayerNormRowsPerPart(int rows, int groups) =>
        groups * LayerNormRowsAtOnce * CeilingDivide(rows, LayerNormRowsAtOnce * LayerNormMaxGroups);

    static int RowVectors(Matrix x) => x.Columns * x.Type.Size() / VectorBytes;

    static void ExpectWidth(Matrix x)
    {
        if (x.Columns % 8 != 0) throw new ArgumentException($"{x}: expected a multiple of 8 columns");
    }
}
