using EsimCse.Core.Backend;
using EsimCse.Core.Training;

namespace EsimCse.Tests.Support;

/// <summary>
/// Masked tokens that a test chooses: the masked ids of all sentences, and the labels of their tokens, negative for
/// those not chosen.
/// </summary>
sealed class GivenMasks(IBackend backend, int[][] masked, int[][] labels) : IMaskSource
{
    readonly int[] _labels = [.. labels.SelectMany(sentence => sentence)];

    public int Count => _labels.Count(label => label >= 0);

    public void Mask(PackedBatch pairs, StepState state, MaskedTokens tokens)
    {
        int[] rows = [.. _labels.Index().Where(label => label.Item >= 0).Select(label => label.Index)];
        int[] slots = [.. Enumerable.Range(0, tokens.Slots.Columns).Select(row => Array.IndexOf(rows, row))];
        Upload([.. masked.SelectMany(sentence => sentence)], tokens.Ids, 0);
        Upload(slots, tokens.Slots, -1);
        Upload(rows, tokens.Rows, -1);
        Upload([.. rows.Select(row => _labels[row])], tokens.Labels, -1);
        Upload([rows.Length], tokens.Count, 0);
    }

    void Upload(int[] values, Matrix target, int padding)
    {
        IEnumerable<int> rest = Enumerable.Repeat(padding, target.Columns - values.Length);
        backend.Upload<int>([.. values, .. rest], target);
    }
}
