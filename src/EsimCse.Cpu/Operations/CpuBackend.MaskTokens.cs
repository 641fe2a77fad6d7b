using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void MaskTokens(PackedBatch batch, MaskingSpec masking, StepState state, MaskedTokens masked)
    {
        int step = Integers(state.Counters)[StepState.Step];
        int firstSentence = Integers(state.Counters)[StepState.FirstSentence];
        int sentencesPerView = batch.Sentences / 2;
        Span<int> special = Elements(masking.IsSpecial);
        Span<int> offsets = Elements(batch.Offsets);
        Span<int> ids = Elements(masked.Ids);
        Span<int> slots = Elements(masked.Slots);
        Span<int> rows = Elements(masked.Rows);
        Span<int> labels = Elements(masked.Labels);
        Elements(batch.Ids).CopyTo(ids);
        slots.Fill(-1);
        int count = 0;
        for (int s = 0; s < batch.Sentences; s++)
        {
            (int view, int sentence) = Math.DivRem(s, sentencesPerView);
            sentence += firstSentence;
            for (int t = offsets[s]; t < offsets[s + 1]; t++)
            {
                int position = t - offsets[s];
                bool isChosen = special[ids[t]] == 0 && masking.IsChosen(position, view, sentence, step);
                if (!isChosen) continue;
                rows[count] = t;
                labels[count] = ids[t];
                ids[t] = masking.Replace(ids[t], position, view, sentence, step);
                slots[t] = count++;
            }
        }
        rows[count..].Fill(-1);
        labels[count..].Fill(-1);
        Integers(masked.Count)[0] = count;
    }
}
