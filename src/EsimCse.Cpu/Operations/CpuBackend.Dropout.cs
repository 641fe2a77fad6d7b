using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void DropoutForward(Matrix x, Matrix offsets, DropoutMask mask, Matrix y)
    {
        PhiloxDropout dropout = new(mask);
        _pool.For(x.Rows, 16, (from, to) =>
        {
            SentenceCursor sentences = new(offsets);
            for (int row = from; row < to; row++)
            {
                (int sentence, int position) = sentences.Find(row);
                Span<float> yRow = Row(y, row);
                if (x.Address != y.Address) Row(x, row).CopyTo(yRow);
                dropout.Apply(sentence, (long)position * y.Columns, yRow);
            }
        });
    }

    /// <inheritdoc/>
    public void DropoutBackward(Matrix dy, Matrix offsets, DropoutMask mask, Matrix dx) =>
        DropoutForward(dy, offsets, mask, dx);
}
