using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void ClearGradients(Matrix chunks, TouchedRows touched, Matrix gradients)
    {
        _pool.For(chunks.Rows, 4, (from, to) =>
        {
            for (int index = from; index < to; index++)
            {
                int* chunk = Integers(chunks) + index * ParameterChunk.Columns;
                bool isOverwritten = (chunk[2] & ParameterChunk.Overwritten) != 0;
                if (!isOverwritten && !touched.Covers(chunk[0])) Chunk(gradients, chunks, index).Clear();
            }
        });
        if (touched.Flags.IsPresent) ClearTouchedRows(touched, gradients);
    }

    static void ClearTouchedRows(TouchedRows touched, Matrix gradients)
    {
        int columns = touched.Columns;
        int* flags = Integers(touched.Flags);
        for (int row = 0; row < touched.Flags.Columns; row++)
        {
            if (flags[row] == 0) continue;
            new Span<float>(Floats(gradients) + touched.First + (long)row * columns, columns).Clear();
            flags[row] = 0;
        }
    }

    static Span<float> Chunk(Matrix arena, Matrix chunks, int index)
    {
        int* chunk = Integers(chunks) + index * ParameterChunk.Columns;
        return new Span<float>(Floats(arena) + chunk[0], chunk[1]);
    }
}
