using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    const int RowsPerGather = 64;

    /// <inheritdoc/>
    public void GatherForward(Matrix x, Matrix rows, Matrix y) => Gather(x, Integers(rows), y);

    /// <inheritdoc/>
    public void GatherBackward(Matrix dy, Matrix slots, Matrix dx) => Gather(dy, Integers(slots), dx);

    /// <summary>Computes target[i] = source[indices[i]], 0 where the index is −1.</summary>
    void Gather(Matrix source, int* indices, Matrix target) => _pool.For(target.Rows, RowsPerGather, (from, to) =>
    {
        for (int i = from; i < to; i++)
        {
            Span<float> row = Row(target, i);
            if (indices[i] < 0) row.Clear();
            else Row(source, indices[i]).CopyTo(row);
        }
    });
}
