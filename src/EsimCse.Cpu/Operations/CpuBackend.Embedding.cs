using System.Numerics.Tensors;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum)
    {
        int* ids = Integers(batch.Ids);
        int* positionIds = Integers(batch.Positions);
        _pool.For(batch.Tokens, 64, (from, to) =>
        {
            for (int t = from; t < to; t++)
            {
                Span<float> row = Row(sum, t);
                TensorPrimitives.Add(Row(words, ids[t]), Row(types, 0), row);
                TensorPrimitives.Add(row, Row(positions, positionIds[t]), row);
            }
        });
    }

    /// <inheritdoc/>
    public void EmbeddingBackward(
        Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes, Matrix touched)
    {
        int* ids = Integers(batch.Ids);
        int* positionIds = Integers(batch.Positions);
        // Partitioned by columns, so that each element's additions keep the order of the tokens.
        _pool.For(dsum.Columns, 64, (from, to) =>
        {
            for (int t = 0; t < batch.Tokens; t++)
            {
                ReadOnlySpan<float> row = Row(dsum, t)[from..to];
                Add(row, Row(dwords, ids[t])[from..to]);
                Add(row, Row(dpositions, positionIds[t])[from..to]);
                Add(row, Row(dtypes, 0)[from..to]);
            }
        });
        if (!touched.IsPresent) return;
        for (int t = 0; t < batch.Tokens; t++) Integers(touched)[ids[t]] = 1;
    }

    static void Add(ReadOnlySpan<float> row, Span<float> sum) => TensorPrimitives.Add(row, sum, sum);
}
