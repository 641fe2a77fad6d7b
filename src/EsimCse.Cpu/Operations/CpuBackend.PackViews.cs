using EsimCse.Core.Backend;
using EsimCse.Core.Training;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void PackViews(
        CorpusMemory corpus, int batchSize, AugmentationSpec draws, StepState state, PackedBatch batch)
    {
        int pairs = batch.Sentences / 2;
        int batches = (corpus.Order.Columns + batchSize - 1) / batchSize;
        int step = Integers(state.Counters)[StepState.Step];
        int firstInOrder = (step - 1) % Math.Max(1, batches) * batchSize;
        int* order = Integers(corpus.Order) + firstInOrder + Integers(state.Counters)[StepState.FirstSentence];
        int* starts = Integers(corpus.Starts);
        int* lines = Integers(corpus.Lines);
        Span<int> ids = Elements(batch.Ids);
        Span<int> positions = Elements(batch.Positions);
        Span<int> offsets = Elements(batch.Offsets);
        Span<int> continues = Elements(draws.ContinuesWord);
        Span<int> insertions = Elements(draws.Insertions);
        int[] positive = new int[2 * batch.LongestSentence];
        offsets[0] = 0;
        for (int s = 0; s < 2 * pairs; s++)
        {
            int sentence = order[s % pairs];
            int length = starts[sentence + 1] - starts[sentence];
            ReadOnlySpan<int> view = new(Integers(corpus.Tokens) + starts[sentence], length);
            if (s >= pairs)
            {
                uint line = (uint)lines[sentence];
                length = PositiveView.Write(draws, continues, insertions, view, line, (uint)step, positive, out _);
                view = positive.AsSpan(0, length);
            }
            view.CopyTo(ids[offsets[s]..]);
            for (int t = 0; t < length; t++) positions[offsets[s] + t] = t;
            offsets[s + 1] = offsets[s] + length;
        }
        ids[offsets[^1]..].Clear();
        positions[offsets[^1]..].Clear();
    }

    static Span<int> Elements(Matrix matrix) => new(Integers(matrix), matrix.Columns);
}
