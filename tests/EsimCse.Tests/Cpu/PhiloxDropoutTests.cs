using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Cpu.Operations;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cpu;

public class PhiloxDropoutTests
{
    const ulong Seed = 0xFEDC_BA98_7654_3210;
    const int Site = 65535, SentencesPerView = 3, Step = 7;
    const double Rate = 0.1;

    // Starts at every place within a block, lengths around the 64 elements that are drawn at once, and the last block that has a number.
    public static MatrixTheoryData<long, int> Pieces => new([0, 1, 7, 8, 4095, 100_000_007, 8 * 0xFFFF_FFFFL], [0, 1, 7, 8, 56, 57, 63, 64, 65, 129, 1000]);

    [Theory]
    [MemberData(nameof(Pieces))]
    public void Elements_are_kept_by_their_philox_draw(long first, int count)
    {
        using CpuBackend backend = new(1);
        using GuardedMatrix counters = new(backend, 1, StepState.Length, [Step, 0, 0, 0]), values = new(backend, 1, count, Numbers.Normal(count, 1));
        DropoutMask mask = new(0.3f, Seed, Site, SentencesPerView, counters);
        count = (int)Math.Min(count, 8 * 0x1_0000_0000L - first);
        for (int sentence = 0; sentence < 2 * SentencesPerView; sentence++)
        {
            float[] actual = values.Floats[..count];
            new PhiloxDropout(mask).Apply(sentence, first, actual);
            Assert.Equal(values.Floats[..count].Select((value, i) => Kept(sentence, first + i, mask) ? value * mask.Scale : 0), actual);
        }
    }

    [Fact]
    public void What_is_dropped_is_zero_even_where_it_was_not_finite()
    {
        using CpuBackend backend = new(1);
        using GuardedMatrix counters = new(backend, 1, StepState.Length, [Step, 0, 0, 0]);
        DropoutMask mask = new(0.5f, Seed, Site, SentencesPerView, counters);
        float[] values = [.. Enumerable.Repeat(float.NaN, 200)];
        new PhiloxDropout(mask).Apply(1, 3, values);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => Kept(1, 3 + i, mask) ? float.NaN : 0), values);
    }

    [Fact]
    public void Masks_of_other_places_share_no_more_than_chance()
    {
        using CpuBackend backend = new(1);
        float[] first = Mask(backend, Seed, Site - 1, 0, Step);
        (string Name, float[] Mask)[] others =
        [
            ("view", Mask(backend, Seed, Site - 1, SentencesPerView, Step)), ("sentence", Mask(backend, Seed, Site - 1, 1, Step)), ("site", Mask(backend, Seed, Site, 0, Step)),
            ("step", Mask(backend, Seed, Site - 1, 0, Step + 1)), ("seed", Mask(backend, Seed + 1, Site - 1, 0, Step)), ("element", [.. first[1..], first[0]]),
            ("block", [.. first[8..], .. first[..8]]), ("group", [.. first[64..], .. first[..64]]),
        ];
        // Of independent masks both drop a share of rate²; five standard deviations of the count, which the seed makes the same every time.
        double expected = first.Length * Rate * Rate, most = 5 * Math.Sqrt(expected * (1 - Rate * Rate));
        Assert.InRange(first.Count(value => value == 0) - first.Length * Rate, -5 * Math.Sqrt(first.Length * Rate), 5 * Math.Sqrt(first.Length * Rate));
        Assert.All(others, other => Assert.InRange(first.Zip(other.Mask).Count(pair => pair is (0, 0)) - expected, -most, most));
    }

    static float[] Mask(CpuBackend backend, ulong seed, int site, int sentence, int step)
    {
        using GuardedMatrix counters = new(backend, 1, StepState.Length, [step, 0, 0, 0]);
        float[] values = new float[1 << 20];
        Array.Fill(values, 1);
        new PhiloxDropout(new DropoutMask((float)Rate, seed, site, SentencesPerView, counters)).Apply(sentence, 0, values);
        return values;
    }

    static bool Kept(int sentence, long element, DropoutMask mask)
    {
        uint view = (uint)(sentence / SentencesPerView), place = (uint)(sentence % SentencesPerView);
        return Philox.Draw16(Philox.Block((uint)(element / 8), Site | view << 16, place, Step, Seed), (int)(element % 8)) >= mask.Threshold;
    }
}
