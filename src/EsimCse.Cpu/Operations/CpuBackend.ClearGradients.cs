using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void ClearGradients(Matrix chunks, Matrix gradients) => _cores.For(chunks.Rows, 4, new ClearChunks(chunks, gradients));

    static unsafe Span<float> Chunk(Matrix arena, Matrix chunks, int index)
    {
        int* chunk = Integers(chunks) + index * ParameterChunk.Columns;
        return new Span<float>(Floats(arena) + chunk[0], chunk[1]);
    }

    readonly struct ClearChunks(Matrix chunks, Matrix gradients) : IRangeBody
    {
        public void Run(int from, int to)
        {
            for (int index = from; index < to; index++) Chunk(gradients, chunks, index).Clear();
        }
    }
}
