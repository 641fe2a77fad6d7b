using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class AdamWTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Fifty_steps_equal_the_reference_and_gaps_keep_their_values(string device)
    {
        Tolerance sumOfSquares = new(0, 1e-5, "fp32 sum of squares");
        Tolerance rounding = new(1e-6, 2e-5, "fifty roundings of fp32");
        using AdamWCase adam = new(Backends.Create(device), SplitFor(device));
        for (int step = 1; step <= 50; step++)
        {
            double[] gradients = Gradients(step);
            adam.Step(gradients);
            double[] scalars = adam.State.Scalars.Values;
            sumOfSquares.Check(
                adam.StepReference(gradients, step),
                [scalars[StepState.GradientNorm], scalars[StepState.LearningRate], scalars[StepState.ClipScale]]);
        }
        rounding.Check(adam.Theta, adam.Tensors(adam.Parameters), "parameters");
        rounding.Check(adam.EmaReference, adam.Tensors(adam.Ema), "ema");
        Assert.All(adam.Gaps(adam.Parameters), AssertNaN);
        Assert.All(adam.Gaps(adam.M), AssertNaN);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Bf16_copies_are_the_rounded_weights_and_ema(string device)
    {
        using AdamWCase adam = new(Backends.Create(device), SplitFor(device));
        for (int step = 1; step <= 50; step++) adam.Step(Gradients(step));
        int split = adam.Split;
        Assert.Equal(adam.Tensors(adam.Parameters).Select(Rounded), adam.Tensors(adam.Bf16Weights));
        Assert.Equal(adam.Tensors(adam.Ema)[..split].Select(Rounded), adam.Tensors(adam.Bf16Ema)[..split]);
        // The second tensor has no EMA.
        Assert.All(adam.Tensors(adam.Bf16Ema)[split..], AssertNaN);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Elements_without_a_gradient_decay_join_the_ema_and_move_while_they_have_moments(string device)
    {
        Tolerance rounding = new(1e-6, 2e-6, "three roundings of fp32");
        using AdamWCase adam = new(Backends.Create(device), SplitFor(device));
        double[] initial = [.. adam.Theta];
        for (int step = 1; step <= 3; step++)
        {
            // Elements 20 to 27 have moments and, in the last step, no gradient.
            double[] gradients = [.. Gradients(step).Select((value, i) => IsZero(i, step) ? 0 : value)];
            adam.Step(gradients);
            adam.StepReference(gradients, step);
        }
        double[] theta = adam.Tensors(adam.Parameters);
        rounding.Check(adam.Theta, theta, "parameters");
        rounding.Check(adam.EmaReference, adam.Tensors(adam.Ema), "ema");
        Assert.Equal(theta.Select(Rounded), adam.Tensors(adam.Bf16Weights));
        // The last elements do not decay.
        Assert.Equal(initial[36..].Select(value => (double)(float)value), theta[36..]);
        foreach (double[] moments in new[] { adam.Tensors(adam.M), adam.Tensors(adam.V) })
        {
            Assert.All(moments[8..17], value => Assert.Equal(0, value));
            Assert.All(moments[36..], value => Assert.Equal(0, value));
        }

        static bool IsZero(int i, int step) => i is >= 8 and < 17 or >= 36 || (step == 3 && i is >= 20 and < 28);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Gradients_of_rows_that_are_not_touched_are_not_read_and_change_no_bit(string device)
    {
        const int split = 32, rows = 4, columns = split / rows;
        // Row 3 has no gradient ever, row 1 none after it has moments.
        int[][] touched = [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0]];
        // The CPU may read the zeros.
        double unread = device == Backends.Cuda ? double.NaN : 0;
        using AdamWCase dense = new(Backends.Create(device), split);
        using AdamWCase sparse = new(Backends.Create(device), split, rows: rows);
        foreach ((int index, int[] flags) in touched.Index())
        {
            double[] gradients = Gradients(index + 1);
            dense.Step([.. gradients.Select((value, i) => IsTouched(i) ? value : 0)]);
            sparse.Touch(flags);
            sparse.Step([.. gradients.Select((value, i) => IsTouched(i) ? value : unread)]);

            bool IsTouched(int i) => i >= split || flags[i / columns] == 1;
        }
        Assert.Equal(dense.Tensors(dense.Parameters), sparse.Tensors(sparse.Parameters));
        Assert.Equal(dense.Tensors(dense.M), sparse.Tensors(sparse.M));
        Assert.Equal(dense.Tensors(dense.V), sparse.Tensors(sparse.V));
        Assert.Equal(dense.Tensors(dense.Ema), sparse.Tensors(sparse.Ema));
        Assert.Equal(dense.Tensors(dense.Bf16Weights), sparse.Tensors(sparse.Bf16Weights));
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Cleared_gradients_are_zero_and_gaps_keep_their_values(string device)
    {
        using AdamWCase adam = new(Backends.Create(device), SplitFor(device));
        adam.Step(Gradients(1));
        adam.ClearGradients();
        Assert.All(adam.Tensors(adam.Gradients), value => Assert.Equal(0, value));
        Assert.All(adam.Gaps(adam.Gradients), AssertNaN);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void After_a_step_that_is_not_finite_nothing_changes(string device)
    {
        double[] queue = [1, 2, 3, 4, 5, 6, 7, 8];
        using AdamWCase adam = new(Backends.Create(device), SplitFor(device), counters: [8, 0, 0, 2, 0]);
        float[] before = adam.Parameters.Floats;
        adam.Step([double.PositiveInfinity, .. new double[AdamWCase.Elements - 1]], withEma: false);
        double[] queueAfter = adam.PushToQueue(queue, row: [9, 9, 9, 9]);
        Assert.Equal([9, 9, 0, 2, 0], adam.State.Counters.Integers);
        Assert.Equal(before, adam.Parameters.Floats);
        Assert.Equal(queue, queueAfter);
    }

    /// <summary>Returns the length of the first tensor. On CUDA lengths are multiples of 4.</summary>
    static int SplitFor(string device) => device == Backends.Cuda ? 32 : 33;

    static double[] Gradients(int step) =>
        [.. Numbers.Normal(AdamWCase.Elements, 100 + step).Select((value, i) => i % 9 == 0 ? 0 : value)];

    static double Rounded(double value) =>
        Cast.Widen(Cast.Round(value, ElementType.BFloat16), ElementType.BFloat16);

    static void AssertNaN(double value) => Assert.True(double.IsNaN(value), $"{value} is not NaN");
}
