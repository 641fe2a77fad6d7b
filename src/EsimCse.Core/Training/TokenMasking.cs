using EsimCse.Core.Backend;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// The masked tokens of a run, drawn by <see cref="MaskingSpec"/>. The device masks; the host draws only the number of
/// chosen tokens, which sizes the buffers of a step.
/// </summary>
sealed class TokenMasking : IMaskSource, IDisposable
{
    readonly IBackend _backend;
    readonly Arena _arena;
    readonly int[] _isSpecial;
    readonly MaskingSpec _spec;

    /// <summary>Prepares the masking of a run.</summary>
    /// <exception cref="InvalidInputException">The tokenizer has no mask token.</exception>
    public TokenMasking(IBackend backend, TrainingOptions options, BertTokenizer tokenizer)
    {
        _backend = backend;
        int size = tokenizer.VocabularySize;
        _isSpecial = [.. Enumerable.Range(0, size).Select(id => tokenizer.IsSpecial(id) ? 1 : 0)];
        int maskId = tokenizer.RequireMaskId("--mlm-weight");
        _arena = new Arena(backend);
        _arena.Reset(sizeof(int) * (long)size + Arena.Alignment);
        Matrix isSpecial = _arena.Allocate(1, size, ElementType.Int32);
        backend.Upload<int>(_isSpecial, isSpecial);
        _spec = new(options.MlmProbability, options.Seed, maskId, size, isSpecial);
    }

    /// <summary>Returns the number of chosen tokens of a sentence.</summary>
    /// <param name="ids">The sentence's tokens.</param>
    /// <param name="view">0 for an anchor, 1 for a positive.</param>
    /// <param name="sentence">The place in the batch, counted within the view.</param>
    /// <param name="step">The step, from 1.</param>
    public int Count(ReadOnlySpan<int> ids, int view, int sentence, int step)
    {
        int count = 0;
        for (int position = 0; position < ids.Length; position++)
            if (_isSpecial[ids[position]] == 0 && _spec.IsChosen(position, view, sentence, step)) count++;
        return count;
    }

    /// <inheritdoc/>
    public void Mask(PackedBatch pairs, StepState state, MaskedTokens masked) =>
        _backend.MaskTokens(pairs, _spec, state, masked);

    public void Dispose() => _arena.Dispose();
}
