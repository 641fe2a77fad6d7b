using EsimCse.Core.Backend;

namespace EsimCse.Tests.Support;

/// <summary>A packed batch of sentences of given lengths on a device, at a given training step.</summary>
sealed class DeviceBatch : IDisposable
{
    const ulong Seed = 0x123456789ABCDEF0;
    const int Site = 4;

    readonly GuardedMatrix _ids;
    readonly GuardedMatrix _positions;
    readonly GuardedMatrix _offsets;
    readonly GuardedMatrix _counters;
    readonly int[] _lengths;
    readonly int _step;

    public DeviceBatch(IBackend backend, int[] lengths, int step = 7, int vocabulary = 11)
    {
        _lengths = lengths;
        _step = step;
        int tokens = lengths.Sum();
        Ids = [.. Enumerable.Range(0, tokens).Select(t => t * 5 % vocabulary)];
        Positions = [.. lengths.SelectMany(length => Enumerable.Range(0, length))];
        Offsets = [0, .. lengths.Select((_, i) => lengths[..(i + 1)].Sum())];
        _ids = new(backend, 1, tokens, Ids);
        _positions = new(backend, 1, tokens, Positions);
        _offsets = new(backend, 1, Offsets.Length, Offsets);
        _counters = new(backend, 1, StepState.Length, [step, 0, 0, 0, 0]);
        Batch = new PackedBatch(_ids, _positions, _offsets, lengths.Length, tokens, lengths.DefaultIfEmpty(0).Max());
    }

    public PackedBatch Batch { get; }

    public int[] Ids { get; }

    public int[] Positions { get; }

    public int[] Offsets { get; }

    public DropoutMask Mask(float rate, int sentencesPerView) => new(rate, Seed, Site, sentencesPerView, _counters);

    /// <summary>Computes the reference's first `count` dropout multipliers of a sentence.</summary>
    public double[] SentenceMultipliers(float rate, int sentencesPerView, int sentence, int count, int firstView = 0)
    {
        if (rate == 0) return [.. Enumerable.Repeat(1.0, count)];
        (int view, int index) = Math.DivRem(sentence, sentencesPerView);
        return Reference.Dropout.Mask(rate, Seed, Site, firstView + view, index, _step, count);
    }

    /// <summary>Computes the reference's dropout multipliers of all tokens, [T,width].</summary>
    public double[] Multipliers(float rate, int sentencesPerView, int width, int firstView = 0) =>
        [.. _lengths.SelectMany((n, s) => SentenceMultipliers(rate, sentencesPerView, s, n * width, firstView))];

    /// <summary>Computes the reference's dropout multipliers [A,n,n] of each sentence's n tokens.</summary>
    public double[][] AttentionMultipliers(float rate, int sentencesPerView, int heads) =>
        [.. _lengths.Select((n, s) => SentenceMultipliers(rate, sentencesPerView, s, heads * n * n))];

    /// <summary>Returns a sentence's rows of a [T,width] matrix.</summary>
    public double[] Rows(double[] matrix, int width, int sentence) =>
        matrix[(Offsets[sentence] * width)..(Offsets[sentence + 1] * width)];

    public void Dispose()
    {
        foreach (GuardedMatrix matrix in new[] { _ids, _positions, _offsets, _counters }) matrix.Dispose();
    }
}
