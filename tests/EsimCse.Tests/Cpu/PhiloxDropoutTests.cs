using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Cpu.Operations;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cpu;

public class PhiloxDropoutTests
{
    const ulong Seed = 0xFEDC_BA98_7654_3210;
    const int Site = 65535;
    const int SentencesPerView = 3;
    const int Step = 7;
    const double Rate = 0.1;
    const long LastBlock = 8 * 0xFFFF_FFFFL;

    // Starts at every position within a block, and lengths around multiples of the 32 elements that are drawn at once.
    public static MatrixTheoryData<long, int> Ranges => new(
        [0, 1, 7, 8, 4095, 100_000_007, LastBlock],
        [0, 1, 7, 8, 24, 25, 31, 32, 33, 56, 57, 63, 64, 65, 129, 1000]);

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Elements_are_kept_by_their_philox_draw(long first, int count)
    {
        using CpuBackend backend = new(1);
        using GuardedMatrix counters = new(backend, 1, StepState.Length, [Step, 0, 0, 0, 0]);
        using GuardedMatrix values = new(backend, 1, count, Numbers.Normal(count, 1));
        DropoutMask mask = new(0.3f, Seed, Site, SentencesPerView, counters);
        count = (int)Math.Min(count, LastBlock + 8 - first);
        for (int sentence = 0; sentence < 2 * SentencesPerView; sentence++)
        {
            float[] expected = values.Floats[..count];
            for (int i = 0; i < count; i++)
                expected[i] = IsKept(sentence, first + i, mask) ? expected[i] * mask.Scale : 0;
            float[] actual = values.Floats[..count];
            new PhiloxDropout(mask).Apply(sentence, first, actual);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void Dropped_elements_are_zero_even_if_they_were_not_finite()
    {
        using CpuBackend backend = new(1);
        using GuardedMatrix counters = new(backend, 1, StepState.Length, [Step, 0, 0, 0, 0]);
        DropoutMask mask = new(0.5f, Seed, Site, SentencesPerView, counters);
        float[] values = [.. Enumerable.Repeat(float.NaN, 200)];
        new PhiloxDropout(mask).Apply(1, 3, values);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => IsKept(1, 3 + i, mask) ? float.NaN : 0), values);
    }

    [Fact]
    public void Masks_of_different_counters_overlap_by_chance_only()
    {
        using CpuBackend backend = new(1);
        float[] first = Mask(backend, Seed, Site - 1, 0, Step);
        (string Name, float[] Mask)[] others =
        [
            ("view", Mask(backend, Seed, Site - 1, SentencesPerView, Step)),
            ("sentence", Mask(backend, Seed, Site - 1, 1, Step)),
            ("site", Mask(backend, Seed, Site, 0, Step)),
            ("step", Mask(backend, Seed, Site - 1, 0, Step + 1)),
            ("seed", Mask(backend, Seed + 1, Site - 1, 0, Step)),
            ("element", [.. first[1..], first[0]]),
            ("block", [.. first[8..], .. first[..8]]),
            ("group", [.. first[64..], .. first[..64]]),
        ];

        // Independent masks drop the same element with probability rate². Bounds: five standard deviations; fixed seed.
        double dropped = first.Length * Rate;
        double droppedBound = 5 * Math.Sqrt(first.Length * Rate);
        Assert.InRange(first.Count(value => value == 0) - dropped, -droppedBound, droppedBound);
        double shared = first.Length * Rate * Rate;
        double sharedBound = 5 * Math.Sqrt(shared * (1 - Rate * Rate));
        Assert.All(others, other =>
        {
            int both = first.Zip(other.Mask).Count(pair => pair is (0, 0));
            Assert.InRange(both - shared, -sharedBound, sharedBound);
        });
    }

    static float[] Mask(CpuBackend backend, ulong seed, int site, int sentence, int step)
    {
        using GuardedMatrix counters = new(backend, 1, StepState.Length, [step, 0, 0, 0, 0]);
        DropoutMask mask = new((float)Rate, seed, site, SentencesPerView, counters);
        float[] values = new float[1 << 20];
        Array.Fill(values, 1);
        new PhiloxDropout(mask).Apply(sentence, 0, values);
        return values;
    }

    static bool IsKept(int sentence, long element, DropoutMask mask)
    {
        uint view = (uint)(sentence / SentencesPerView);
        uint sentenceInView = (uint)(sentence % SentencesPerView);
        var block = Philox.Block((uint)(element / 8), Site | view << 16, sentenceInView, Step, Seed);
        return Philox.Draw16(block, (int)(element % 8)) >= mask.Threshold;
    }
}
