using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ContrastiveTests
{
    [Theory]
    [InlineData("cpu-1", 1, 8, 0)]
    [InlineData("cpu-1", 1, 5, 3)]
    [InlineData("cpu-3", 2, 33, 0)]
    [InlineData("cpu-3", 5, 16, 7)]
    [InlineData("cuda", 1, 8, 0)]
    [InlineData("cuda", 1, 40, 3)]
    [InlineData("cuda", 2, 32, 0)]
    [InlineData("cuda", 5, 16, 7)]
    [InlineData("cuda", 7, 136, 11, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("cuda", 3, 1024, 70, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("cuda", 2, 1032, 3, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("cuda", 1, 2056, 1)]
    [InlineData("cpu-3", 40, 24, 33, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("cuda", 40, 24, 33, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void Loss_and_gradient_equal_the_reference(string device, int pairs, int size, int negatives)
    {
        double[] h = Numbers.Normal(2 * pairs * size, 1);
        double[] queue = Numbers.Normal(negatives * size, 2);
        using ContrastiveCase contrastive = new(Backends.Create(device), pairs, size, h, queue);
        CheckAgainstReference(contrastive);
    }

    [Theory]
    [InlineData("cpu-1", 1, 5, 0, 0.5)]
    [InlineData("cpu-3", 4, 33, 3, 0)]
    [InlineData("cpu-3", 7, 16, 0, -2)]
    [InlineData("cuda", 1, 8, 0, 0.5)]
    [InlineData("cuda", 4, 40, 3, 0)]
    [InlineData("cuda", 7, 16, 0, -2)]
    [InlineData("cuda", 37, 24, 9, 1, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void Hard_negatives_join_the_candidates(string device, int pairs, int size, int negatives, double weight)
    {
        double[] h = Numbers.Normal(3 * pairs * size, 1);
        double[] queue = Numbers.Normal(negatives * size, 2);
        using ContrastiveCase contrastive =
            new(Backends.Create(device), pairs, size, h, queue) { HardNegativeWeight = weight };
        CheckAgainstReference(contrastive);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Equal_texts_are_no_negatives_of_each_other(string device)
    {
        // Row 1 has the anchor of row 0, row 2 the positive of row 0, row 3 the anchor of row 0 as its positive, row 4
        // the positive of row 0 as its hard negative, row 5 its own positive as hard negative.
        int[] texts = [0, 0, 2, 3, 4, 5, 10, 11, 10, 0, 14, 15, 20, 21, 22, 23, 10, 15];
        using ContrastiveCase triplets = new(Backends.Create(device), 6, 16, Numbers.Normal(18 * 16, 1))
        {
            Texts = texts,
            HardNegativeWeight = 0.5,
        };
        CheckAgainstReference(triplets);
        using ContrastiveCase pairs =
            new(Backends.Create(device), 6, 16, Numbers.Normal(12 * 16, 1), Numbers.Normal(5 * 16, 2))
            {
                Texts = texts[..12],
            };
        CheckAgainstReference(pairs);
        using ContrastiveCase same =
            new(Backends.Create(device), 3, 16, Numbers.Normal(6 * 16, 1)) { Texts = [0, 0, 0, 0, 0, 0] };
        CheckAgainstReference(same);
        Assert.Equal(0, same.Run(streaming: false).Loss);
    }

    static void CheckAgainstReference(ContrastiveCase contrastive)
    {
        (float loss, double[] dh) = contrastive.Run(streaming: false);
        (float streamedLoss, double[] streamedDh) = contrastive.Run(streaming: true);

        double expected = contrastive.ExpectedLoss;
        Tolerance cosines = new(1e-6, 2e-5, "cosines in fp32, divided by the temperature");
        cosines.Check([expected, expected], [loss, streamedLoss], "loss");
        new Tolerance(2e-6, 2e-5, "the same sums in another order").Check(dh, streamedDh, "dh, streaming");
        new Tolerance(1e-4, 1e-4, "fp32 softmax of logits up to 20").Check(contrastive.DifferenceDh(), dh, "dh");
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_small_loss_keeps_its_digits(string device)
    {
        double[] h =
        [
            1, 0, 0, 0, 0, 0, 0, 0,
            0, 1, 0, 0, 0, 0, 0, 0,
            1, 0.1f, 0, 0, 0, 0, 0, 0,
            0.2f, 1, 0.3f, 0, 0, 0, 0, 0,
        ];
        using ContrastiveCase contrastive = new(Backends.Create(device), pairs: 2, size: 8, h);
        Assert.InRange(contrastive.ExpectedLoss, 1e-9, 1e-5);
        foreach (bool streaming in new[] { false, true })
            Assert.Equal(1, contrastive.Run(streaming).Loss / contrastive.ExpectedLoss, 1e-4);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_loss_of_equal_vectors_is_the_logarithm_of_their_number(string device)
    {
        double[] ones = [.. Enumerable.Repeat(1.0, 6 * 8)];
        using ContrastiveCase contrastive = new(Backends.Create(device), pairs: 3, size: 8, ones);
        foreach (bool streaming in new[] { false, true })
            Assert.Equal(Math.Log(3), contrastive.Run(streaming).Loss, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void NaN_in_a_vector_gives_a_NaN_loss(string device)
    {
        double[] h = [double.NaN, .. Enumerable.Repeat(1.0, 6 * 8 - 1)];
        using ContrastiveCase contrastive = new(Backends.Create(device), pairs: 3, size: 8, h);
        foreach (bool streaming in new[] { false, true })
            Assert.True(float.IsNaN(contrastive.Run(streaming).Loss));
    }

    [Fact]
    public void NaN_in_a_narrow_vector_gives_a_NaN_loss()
    {
        using ContrastiveCase contrastive = new(new CpuBackend(1), 2, 2, [1, double.NaN, 1, 0, 0, 1, 1, 1]);
        Assert.True(float.IsNaN(contrastive.Run(streaming: false).Loss));
    }

    [Fact]
    public void A_zero_vector_gives_a_finite_loss_and_gradient()
    {
        using ContrastiveCase contrastive = new(new CpuBackend(1), 2, 2, [0, 0, 1, 0, 0, 1, 1, 1]);
        (float loss, double[] dh) = contrastive.Run(streaming: false);
        Assert.True(float.IsFinite(loss));
        Assert.All(dh, value => Assert.True(double.IsFinite(value)));
    }
}
