using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class MaskTokensTests
{
    const int Step = 9, FirstSentence = 70;

    [Theory]
    [InlineData("cpu-1", 0.15, 0)]
    [InlineData("cpu-3", 0.5, 0)]
    [InlineData("cpu-3", 1, 0)]
    [InlineData("cuda", 0.15, 0)]
    [InlineData("cuda", 0.5, 7)]
    [InlineData("cuda", 1, 130)]
    [InlineData("cuda", 1e-9, 5)]
    public void Ids_rows_slots_and_labels_equal_the_reference(string device, double probability, int padding)
    {
        Random random = new(3);
        int[][] sentences = [.. Enumerable.Range(0, 26).Select(_ => Sentence(random))];
        MaskTokens.Spec spec = new(probability, 0x123456789ABCDEF0, MaskId: 4, Vocabulary: 50, [0, 1, 2, 3, 4]);
        (int[] Ids, int[] Labels)[] expected =
            [.. sentences.Select((ids, s) => MaskTokens.Sentence(spec, ids, s / 13, FirstSentence + s % 13, Step))];
        int[] labels = [.. expected.SelectMany(sentence => sentence.Labels)];
        int[] rows = [.. labels.Index().Where(label => label.Item >= 0).Select(label => label.Index)];

        using IBackend backend = Backends.Create(device);
        using Masked masked = Run(backend, spec, sentences, padding, rows.Length + padding);
        int[] unused = [.. Enumerable.Repeat(-1, padding)];
        Assert.Equal([.. expected.SelectMany(sentence => sentence.Ids), .. new int[padding]], masked.Ids.Integers);
        Assert.Equal([.. rows, .. unused], masked.Rows.Integers);
        Assert.Equal([.. rows.Select(row => labels[row]), .. unused], masked.Labels.Integers);
        Assert.Equal([rows.Length], masked.Count.Integers);
        int[] slots = [.. Enumerable.Range(0, labels.Length + padding).Select(row => Array.IndexOf(rows, row))];
        Assert.Equal(slots, masked.Slots.Integers);
    }

    [Fact]
    public void Tokens_are_chosen_and_replaced_in_the_stated_shares()
    {
        const int count = 40000;
        MaskTokens.Spec spec = new(0.15, 5, MaskId: 4, Vocabulary: 1000, [2, 3]);
        int[] ids = [2, .. Enumerable.Repeat(999, count), 3];
        (int[] masked, int[] labels) = MaskTokens.Sentence(spec, ids, 0, 0, 1);
        int[] chosen = [.. masked.Where((_, i) => labels[i] >= 0)];
        // Five standard deviations of a binomial distribution.
        Near(0.15, (double)chosen.Length / count, count);
        Near(0.8, (double)chosen.Count(id => id == 4) / chosen.Length, chosen.Length);
        Near(0.1, (double)chosen.Count(id => id == 999) / chosen.Length, chosen.Length);
        Assert.True(chosen.Where(id => id is not 4 and not 999).Distinct().Count() > 300);

        static void Near(double share, double found, int draws) =>
            Assert.Equal(share, found, 5 * Math.Sqrt(share * (1 - share) / draws));
    }

    static int[] Sentence(Random random) =>
        [2, .. Enumerable.Range(0, random.Next(0, 40)).Select(_ => random.Next(1, 50)), 3];

    /// <summary>Masks two views of 13 sentences each.</summary>
    static Masked Run(IBackend backend, MaskTokens.Spec spec, int[][] sentences, int padding, int capacity)
    {
        int[] ids = [.. sentences.SelectMany(sentence => sentence), .. new int[padding]];
        int[] positions = [.. sentences.SelectMany(s => Enumerable.Range(0, s.Length)), .. new int[padding]];
        int[] lengths = [.. sentences.Select(sentence => sentence.Length)];
        int[] offsets = [.. Enumerable.Range(0, lengths.Length + 1).Select(s => lengths[..s].Sum())];
        int[] special = [.. Enumerable.Range(0, spec.Vocabulary).Select(id => spec.Special.Contains(id) ? 1 : 0)];
        using TrainingState state = new(backend, [Step, 0, 0, 0, FirstSentence]);
        using GuardedMatrix deviceIds = new(backend, 1, ids.Length, ids);
        using GuardedMatrix devicePositions = new(backend, 1, ids.Length, positions);
        using GuardedMatrix deviceOffsets = new(backend, 1, offsets.Length, offsets);
        using GuardedMatrix isSpecial = new(backend, 1, special.Length, special);
        PackedBatch batch = new(
            deviceIds, devicePositions, deviceOffsets, lengths.Length, ids.Length, lengths.Max());
        MaskingSpec masking = new(spec.Probability, spec.Seed, spec.MaskId, spec.Vocabulary, isSpecial);
        Masked masked = new(backend, ids.Length, capacity);
        backend.MaskTokens(batch, masking, state, masked.Tokens);
        return masked;
    }

    sealed class Masked(IBackend backend, int tokens, int capacity) : IDisposable
    {
        public GuardedMatrix Ids { get; } = new(backend, 1, tokens, new int[tokens]);

        public GuardedMatrix Slots { get; } = new(backend, 1, tokens, new int[tokens]);

        public GuardedMatrix Rows { get; } = new(backend, 1, capacity, new int[capacity]);

        public GuardedMatrix Labels { get; } = new(backend, 1, capacity, new int[capacity]);

        public GuardedMatrix Count { get; } = new(backend, 1, 1, new int[1]);

        public MaskedTokens Tokens => new(Ids, Slots, Rows, Labels, Count);

        public void Dispose()
        {
            foreach (GuardedMatrix matrix in new[] { Ids, Slots, Rows, Labels, Count }) matrix.Dispose();
        }
    }
}
