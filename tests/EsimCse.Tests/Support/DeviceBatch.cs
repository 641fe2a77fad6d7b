using EsimCse.Core.Backend;

namespace EsimCse.Tests.Support;

/// <summary>Sentences of given lengths on a device, with the counters that hold a step.</summary>
sealed class DeviceBatch : IDisposable
{
    readonly GuardedMatrix _ids, _positions, _offsets, _counters;

    public DeviceBatch(IBackend backend, int[] lengths, int step = 7, int vocabulary = 11)
    {
        int tokens = lengths.Sum();
        Ids = [.. Enumerable.Range(0, tokens).Select(t => t * 5 % vocabulary)];
        Positions = [.. lengths.SelectMany(length => Enumerable.Range(0, length))];
        Offsets = [0, .. lengths.Select((_, i) => lengths[..(i + 1)].Sum())];
        (_ids, _positions) = (new(backend, 1, tokens, Ids), new(backend, 1, tokens, Positions));
        (_offsets, _counters) = (new(backend, 1, Offsets.Length, Offsets), new(backend, 1, StepState.Length, [step, 0, 0, 0]));
        Batch = new PackedBatch(_ids, _positions, _offsets, lengths.Length, tokens, lengths.DefaultIfEmpty(0).Max());
    }

    public PackedBatch Batch { get; }

    public int[] Ids { get; }

    public int[] Positions { get; }

    public int[] Offsets { get; }

    public DropoutMask Mask(float rate, int perView) => new(rate, 0x123456789ABCDEF0, 4, perView, _counters);

    /// <summary>The reference's multipliers of sentence s: as many as asked for.</summary>
    public static double[] Draws(float rate, int perView, int s, int count) =>
        rate == 0 ? [.. Enumerable.Repeat(1.0, count)] : Reference.Dropout.Mask(rate, 0x123456789ABCDEF0, 4, s / perView, s % perView, 7, count);

    public void Dispose()
    {
        foreach (GuardedMatrix matrix in new[] { _ids, _positions, _offsets, _counters }) matrix.Dispose();
    }
}
