using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class CrossEntropyTests
{
    static readonly Tolerance Gradients = new(1e-7, 2e-5, "softmax of fp32 logits");

    [Theory]
    [InlineData("cpu-1", 7, new[] { 3 })]
    [InlineData("cpu-3", 33, new[] { 0, 32, 5, -1 })]
    [InlineData("cpu-3", 1, new[] { 0, 0 })]
    [InlineData("cpu-1", 5, new[] { -1, -1 })]
    [InlineData("cpu-1", 5, new int[0])]
    [InlineData("cuda", 7, new[] { 3 })]
    [InlineData("cuda", 33, new[] { 0, 32, 5, -1 })]
    [InlineData("cuda", 1, new[] { 0, 0 })]
    [InlineData("cuda", 5, new[] { -1, -1 })]
    [InlineData("cuda", 5, new int[0])]
    [InlineData("cuda", 1031, new[] { 1030, 512, -1 })]
    [InlineData("cpu-3", 30522, new[] { 30521, 7, 103 })]
    [InlineData("cuda", 50265, new[] { 50264, 3 }, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void Loss_and_gradients_equal_the_reference(string device, int columns, int[] labels)
    {
        double[] logits = Numbers.Normal(labels.Length * columns, 1, scale: 3);
        using CrossEntropyCase entropy = new(Backends.Create(device), labels, columns, logits);
        foreach (bool inPlace in new[] { true, false })
            foreach (int firstPart in new[] { 0, labels.Length / 2 })
            {
                CrossEntropyCase.Output result = entropy.Run(inPlace, firstPart);
                Check(entropy, result, columns);
            }
        if (labels.Length * columns < 200)
            Tolerance.FiniteDifferences.Check(entropy.DifferenceGradient(), entropy.ExpectedGradient);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_small_loss_keeps_its_digits(string device)
    {
        double[] logits = [20, 3, 2, -4, 9, 0, -1, 31.5];
        using CrossEntropyCase entropy = new(Backends.Create(device), [0, 3], 4, logits);
        Assert.InRange(entropy.ExpectedLoss, 1e-9, 1e-6);
        CrossEntropyCase.Output result = entropy.Run(inPlace: false);
        Assert.Equal(1, result.MlmLoss / entropy.ExpectedLoss, 1e-5);
        Gradients.Check(entropy.ExpectedGradient, result.Dlogits);
        double[] label = [entropy.ExpectedGradient[0], entropy.ExpectedGradient[7]];
        Assert.Equal(1, result.Dlogits[0] / label[0], 1e-5);
        Assert.Equal(1, result.Dlogits[7] / label[1], 1e-5);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Logits_of_any_size_give_a_finite_loss(string device)
    {
        double[] logits = [1e30, -1e30, 0, 1e4, 1e4, 1e4];
        using CrossEntropyCase entropy = new(Backends.Create(device), [0, 1], 3, logits);
        CrossEntropyCase.Output result = entropy.Run(inPlace: true);
        Assert.Equal(Math.Log(3) / 2, result.MlmLoss, 1e-6);
        Gradients.Check(entropy.ExpectedGradient, result.Dlogits);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void NaN_in_a_row_with_a_label_gives_a_NaN_loss(string device)
    {
        using CrossEntropyCase entropy = new(Backends.Create(device), [1, 0], 2, [1, 2, double.NaN, 1]);
        CrossEntropyCase.Output result = entropy.Run(inPlace: false);
        Assert.True(float.IsNaN(result.MlmLoss) && float.IsNaN(result.Loss));
    }

    static void Check(CrossEntropyCase entropy, CrossEntropyCase.Output result, int columns)
    {
        double expected = entropy.ExpectedLoss;
        double joint = CrossEntropyCase.LossBefore + CrossEntropyCase.Weight * expected;
        Tolerance loss = new(1e-6, 1e-5, "a sum of exponentials in fp32");
        loss.Check([expected, joint], [result.MlmLoss, result.Loss], "loss");
        double[] gradient = entropy.ExpectedGradient;
        Gradients.Check(gradient, result.Dlogits, "dlogits");
        double[] dbias = new double[columns];
        for (int i = 0; i < gradient.Length; i++) dbias[i % columns] += gradient[i];
        new Tolerance(1e-6, 2e-5, "a sum added to a number of size 1").Check(dbias, result.Dbias, "dbias");
    }
}
