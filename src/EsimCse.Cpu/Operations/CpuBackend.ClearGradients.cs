using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void ClearGradients(Matrix chunks, Matrix gradients) => _pool.For(chunks.Rows, 4, (from, to) =>
    {
        for (int index = from; index < to; index++)
        {
            int flags = Integers(chunks)[index * ParameterChunk.Columns + 2];
            if ((flags & ParameterChunk.Overwritten) == 0) Chunk(gradients, chunks, index).Clear();
        }
    });

    static Span<float> Chunk(Matrix arena, Matrix chunks, int index)
    {
        int* chunk = Integers(chunks) + index * ParameterChunk.Columns;
        return new Span<float>(Floats(arena) + chunk[0], chunk[1]);
    }
}
