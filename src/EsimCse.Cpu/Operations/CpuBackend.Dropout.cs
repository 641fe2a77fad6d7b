using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void DropoutForward(Matrix x, Matrix offsets, DropoutMask mask, Matrix y) =>
        _cores.For(x.Rows, 16, new ApplyMask(x, offsets, new DropoutDraws(mask), y));

    /// <inheritdoc/>
    public void DropoutBackward(Matrix dy, Matrix offsets, DropoutMask mask, Matrix dx) => DropoutForward(dy, offsets, mask, dx);

    readonly struct ApplyMask(Matrix x, Matrix offsets, DropoutDraws draws, Matrix y) : IRangeBody
    {
        public void Run(int from, int to)
        {
            RowSentences sentences = new(offsets);
            for (int row = from; row < to; row++)
            {
                (int sentence, int place) = sentences[row];
                Span<float> target = Row(y, row);
                if (x.Address != y.Address) Row(x, row).CopyTo(target);
                draws.Apply(sentence, (long)place * y.Columns, target);
            }
        }
    }
}
