using System.Numerics.Tensors;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum) =>
        _cores.For(batch.Tokens, 64, new Gather(batch, words, positions, types, sum));

    /// <inheritdoc/>
    public void EmbeddingBackward(Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes) =>
        _cores.For(dsum.Columns, 64, new Scatter(dsum, batch, dwords, dpositions, dtypes));

    readonly unsafe struct Gather(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum) : IRangeBody
    {
        public void Run(int from, int to)
        {
            for (int t = from; t < to; t++)
            {
                Span<float> row = Row(sum, t);
                TensorPrimitives.Add(Row(words, Integers(batch.Ids)[t]), Row(types, 0), row);
                TensorPrimitives.Add(row, Row(positions, Integers(batch.Positions)[t]), row);
            }
        }
    }

    /// <summary>The items are columns, so that each element's additions keep the order of the tokens.</summary>
    readonly unsafe struct Scatter(Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes) : IRangeBody
    {
        public void Run(int from, int to)
        {
            for (int t = 0; t < batch.Tokens; t++)
            {
                ReadOnlySpan<float> row = Row(dsum, t)[from..to];
                Add(row, Row(dwords, Integers(batch.Ids)[t])[from..to]);
                Add(row, Row(dpositions, Integers(batch.Positions)[t])[from..to]);
                Add(row, Row(dtypes, 0)[from..to]);
            }
        }

        static void Add(ReadOnlySpan<float> row, Span<float> sum) => TensorPrimitives.Add(row, sum, sum);
    }
}
