using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    // topk.cu's Threads and Tile.
    const int TopKThreads = 256, TopKTile = 1024;

    /// <summary>Tiles of a part at least: fewer, and merging the parts takes longer than reading them.</summary>
    const int TopKTilesOfPart = 4;

    /// <summary>Blocks that keep the device busy.</summary>
    const int TopKBlocks = 1024;

    /// <inheritdoc/>
    public void TopK(Matrix scores, int firstRow, Matrix topScores, Matrix topRows)
    {
        (int queries, int columns, int k) = (scores.Rows, scores.Columns, topScores.Columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, IBackend.MaxTopK, nameof(topScores));
        if (queries == 0 || columns == 0 || k == 0) return;
        int most = CeilingDivide(columns, TopKTilesOfPart * TopKTile);
        int parts = Math.Clamp(TopKBlocks / queries, 1, most);
        int partColumns = CeilingDivide(CeilingDivide(columns, parts), TopKTile) * TopKTile;
        parts = CeilingDivide(columns, partColumns);
        nint keys = Scratch((long)queries * parts * k * sizeof(ulong));
        LaunchConfig perPart = new(queries, TopKThreads, BlocksY: parts);
        Launch("topk_select", perPart, scores, firstRow, topScores, topRows, keys, columns, partColumns, k);
        Launch("topk_merge", new(queries, TopKThreads), keys, topScores, topRows, parts, k);
    }
}
