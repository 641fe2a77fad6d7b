using EsimCse.Core.Backend;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// The positives of a run's sentences. A positive is a pure function of seed, line in the corpus and step.
/// </summary>
sealed class PositiveViews
{
    int[] _view = [];

    public PositiveViews(TrainingOptions options, BertTokenizer tokenizer, int maxPositions)
    {
        Spec = new(
            options.Repetition,
            options.RepetitionRate,
            options.RepetitionFormula,
            options.RepetitionDraw,
            options.Seed,
            maxPositions,
            options.Repetition == Augmentation.Mask ? tokenizer.RequireMaskId("--repetition mask") : 0);
        ContinuesWord = PositiveView.ContinuesWord(options.Repetition, tokenizer);
        Insertions = PositiveView.Insertions(options.Repetition, tokenizer);
    }

    /// <summary>The augmentation, without its tables on a device.</summary>
    public AugmentationSpec Spec { get; }

    /// <summary>
    /// The host's copy of the table <see cref="AugmentationSpec.ContinuesWord"/>; empty where it is not read.
    /// </summary>
    public int[] ContinuesWord { get; }

    /// <summary>
    /// The host's copy of the table <see cref="AugmentationSpec.Insertions"/>; empty where it is not read.
    /// </summary>
    public int[] Insertions { get; }

    /// <summary>The number of tokens dropped from ends because they passed the model's positions.</summary>
    public long Dropped { get; private set; }

    /// <summary>Returns the positive of a sentence, given with [CLS] and [SEP].</summary>
    public int[] Create(ReadOnlySpan<int> ids, uint line, uint step) => Draw(ids, line, step).ToArray();

    /// <summary>Returns the tokens of <see cref="Create"/>, without allocating; valid until the next call.</summary>
    public ReadOnlySpan<int> Draw(ReadOnlySpan<int> ids, uint line, uint step)
    {
        if (_view.Length < 2 * ids.Length) _view = new int[2 * ids.Length];
        int length = PositiveView.Write(Spec, ContinuesWord, Insertions, ids, line, step, _view, out int dropped);
        Dropped += dropped;
        return _view.AsSpan(0, length);
    }
}
