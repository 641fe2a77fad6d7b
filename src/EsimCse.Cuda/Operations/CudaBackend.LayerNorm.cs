using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const string Wide = "_wide";
    const int FewestNormalizedRows = 4, MostNormalizedParts = 512, MostNormalizedThreads = 512, RowSlopeBytes = 16;

    /// <inheritdoc/>
    public void LayerNormForward(Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask, Matrix gamma, Matrix beta,
        float epsilon, Matrix normalized, Matrix rstd, Matrix y)
    {
        ExpectWidth(x);
        string form = ForwardForm(x);
        Launch("layernorm_forward" + Suffix(x) + form, form == Wide ? new(x.Rows, 256) : PerWarp(x.Rows), x, bias, residual, offsets, Sentences(offsets),
            mask, gamma, beta, epsilon, normalized, rstd, y, x.Rows, x.Columns);
    }

    /// <inheritdoc/>
    public void LayerNormBackward(Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask, Matrix gamma,
        Matrix dz, Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta)
    {
        if (dbias.IsPresent && !dx.IsPresent && mask.IsActive) throw new ArgumentException("the gradient of the bias is the sum of dx: it must be there where the mask drops");
        ExpectWidth(dy);
        if (dy.Rows == 0) return;
        (int rows, int columns) = (dy.Rows, dy.Columns);
        int rowsPerPart = NormalizedRowsPerPart(rows), parts = (rows + rowsPerPart - 1) / rowsPerPart, threads = (RowVectors(dy) + 31) / 32 * 32;
        long partialBytes = 3L * parts * columns * sizeof(float);
        nint partials = Scratch(partialBytes + (long)RowSlopeBytes * rows), slopes = partials + (nint)partialBytes;
        if (threads <= MostNormalizedThreads)
        {
            Launch("layernorm_backward" + Suffix(dy), new(parts, threads), dy, normalized, rstd, offsets, Sentences(offsets),
                mask, gamma, dz, dx, dbias, partials, rows, rowsPerPart, columns);
        }
        else
        {
            Launch("layernorm_means" + Suffix(dy), new(rows, 256), dy, normalized, offsets, Sentences(offsets),
                mask, gamma, slopes, columns);
            Launch("layernorm_backward" + Suffix(dy) + Wide, new((RowVectors(dy) + 127) / 128, 128, BlocksY: parts), dy, normalized, rstd,
                mask, gamma, slopes, dz, dx, dbias, partials, rows, rowsPerPart, columns);
        }
        Launch("layernorm_reduce", SummedColumns(columns, sizeof(float), dbias.IsPresent ? 3 : 2), partials, dgamma, dbeta, dbias, parts, columns);
    }

    /// <summary>The entry by the vectors that a lane holds of a row.</summary>
    static string ForwardForm(Matrix x) => ((RowVectors(x) + 31) / 32, x.Type.Size()) switch
    {
        (1, _) => "_v1",
        (2, _) => "_v2",
        (3, _) => "_v3",
        (4, _) => "_v4",
        (5 or 6, sizeof(float)) => "_v6",
        (7 or 8, sizeof(float)) => "_v8",
        _ => Wide,
    };

    /// <summary>As few as are worth a block, and so many that the parts do not outnumber the blocks that a device holds at once: of the number of rows alone.</summary>
    static int NormalizedRowsPerPart(int rows) => FewestNormalizedRows * ((rows + FewestNormalizedRows * MostNormalizedParts - 1) / (FewestNormalizedRows * MostNormalizedParts));

    static int RowVectors(Matrix x) => x.Columns * x.Type.Size() / VectorBytes;

    static void ExpectWidth(Matrix x)
    {
        if (x.Columns % 8 != 0) throw new ArgumentException($"{x}: expected a multiple of 8 columns");
    }
}
