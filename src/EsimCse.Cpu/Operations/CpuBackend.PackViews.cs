using EsimCse.Core.Backend;
using EsimCse.Core.Training;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void PackViews(CorpusMemory corpus, int batchSize, AugmentationSpec draws, StepState state, PackedBatch batch)
    {
        int pairs = batch.Sentences / 2, batches = (corpus.Order.Columns + batchSize - 1) / batchSize, step = Integers(state.Counters)[StepState.Step];
        int* order = Integers(corpus.Order) + (long)((step - 1) % Math.Max(1, batches)) * batchSize, starts = Integers(corpus.Starts), lines = Integers(corpus.Lines);
        Span<int> ids = All(batch.Ids), positions = All(batch.Positions), offsets = All(batch.Offsets), continues = All(draws.ContinuesWord), extra = All(draws.Insertions);
        int[] view = new int[2 * batch.LongestSentence];
        offsets[0] = 0;
        for (int s = 0; s < 2 * pairs; s++)
        {
            int sentence = order[s % pairs];
            ReadOnlySpan<int> first = new(Integers(corpus.Tokens) + starts[sentence], starts[sentence + 1] - starts[sentence]);
            ReadOnlySpan<int> written = s < pairs ? first : view.AsSpan(0, PositiveView.Write(draws, continues, extra, first, (uint)lines[sentence], (uint)step, view, out _));
            offsets[s + 1] = offsets[s] + written.Length;
            written.CopyTo(ids[offsets[s]..]);
            for (int place = 0; place < written.Length; place++) positions[offsets[s] + place] = place;
        }
        ids[offsets[^1]..].Clear();
        positions[offsets[^1]..].Clear();
    }

    static unsafe Span<int> All(Matrix matrix) => new(Integers(matrix), matrix.Columns);
}
