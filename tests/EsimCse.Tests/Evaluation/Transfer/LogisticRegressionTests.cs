using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Evaluation.Transfer;

public class LogisticRegressionTests
{
    static readonly Tolerance Weights =
        new(1e-4, 1e-4, "a fit ends at a whitened gradient of 1e-6, where curvatures may be a hundredth of 1");

    [Theory]
    [InlineData(40, 1, 2, 1)]
    [InlineData(75, 7, 2, 0.25)]
    [InlineData(120, 33, 2, 8)]
    [InlineData(90, 5, 3, 0.5)]
    [InlineData(150, 6, 6, 32)]
    public void Weights_are_those_of_Newtons_method(int count, int dimension, int classes, double strength)
    {
        (double[][] x, int[] y) = Draw(count, dimension, classes, seed: 3 * count + dimension);
        Check(x, y, classes, strength);
    }

    [Fact]
    public void Unused_equal_and_constant_columns_are_allowed()
    {
        (double[][] x, int[] y) = Draw(60, 4, 2, seed: 8);
        Check([.. x.Select(row => (double[])[.. row, 0, row[1], 3, row[0] + row[1]])], y, 2, 2);
    }

    [Theory]
    [InlineData(1e-3)]
    [InlineData(300)]
    public void The_scale_of_the_vectors_is_free(double scale)
    {
        (double[][] x, int[] y) = Draw(80, 3, 2, seed: 9);
        Check([.. x.Select(row => (double[])[.. row.Select(value => (double)(float)(scale * value))])], y, 2, 1);
    }

    [Fact]
    public void Separable_classes_have_finite_weights()
    {
        double[][] x = [.. Enumerable.Range(0, 30).Select(i => (double[])[i < 15 ? -2 - i : i, 1])];
        Check(x, [.. Enumerable.Range(0, 30).Select(i => i < 15 ? 0 : 1)], 2, 32);
    }

    [Fact]
    public void The_bias_is_not_penalized()
    {
        // Without features only the bias can learn: its probability is the share of the class, whatever the strength.
        double[][] x = [.. Enumerable.Range(0, 20).Select(_ => (double[])[0])];
        LogisticRegression classifier = Fit(x, [.. Enumerable.Range(0, 20).Select(i => i < 5 ? 1 : 0)], 2, 1e-3);
        Assert.Equal(Math.Log(0.25 / 0.75), classifier.Weights[1], 1e-5);
    }

    [Fact]
    public void Only_the_rows_asked_for_are_learned_from()
    {
        (double[][] x, int[] y) = Draw(60, 3, 2, seed: 10);
        int[] rows = [.. Enumerable.Range(0, 60).Where(i => i % 3 != 1)];
        LabeledVectors vectors = Vectors(x, y);
        LogisticRegression classifier = new(vectors, 2);
        classifier.Fit(rows, 1, Factor(vectors, 2, 1));
        double[][] expected =
            NaiveLogisticRegression.Fit([.. rows.Select(i => x[i])], [.. rows.Select(i => y[i])], 2, 1);
        Weights.Check(expected[0], classifier.Weights.ToArray());
    }

    [Fact]
    public void The_start_does_not_change_the_minimum()
    {
        (double[][] x, int[] y) = Draw(100, 5, 3, seed: 11);
        LabeledVectors vectors = Vectors(x, y);
        int[] rows = [.. Enumerable.Range(0, 100)];
        LogisticRegression classifier = new(vectors, 3);
        classifier.Fit(rows, 0.25, Factor(vectors, 3, 0.25));
        classifier.Fit(rows, 8, Factor(vectors, 3, 8));
        Weights.Check(Fit(x, y, 3, 8).Weights.ToArray(), classifier.Weights.ToArray());
    }

    [Fact]
    public void A_reset_forgets_the_fits_before()
    {
        (double[][] x, int[] y) = Draw(50, 4, 2, seed: 12);
        LabeledVectors vectors = Vectors(x, y);
        int[] rows = [.. Enumerable.Range(0, 50)];
        LogisticRegression classifier = new(vectors, 2);
        classifier.Fit(rows[..30], 4, Factor(vectors, 2, 4));
        classifier.Reset();
        classifier.Fit(rows, 1, Factor(vectors, 2, 1));
        Assert.Equal(Fit(x, y, 2, 1).Weights.ToArray(), classifier.Weights.ToArray());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Accuracy_is_that_of_the_most_probable_class(int classes)
    {
        (double[][] x, int[] y) = Draw(90, 3, classes, seed: 13);
        LogisticRegression classifier = Fit(x, y, classes, 1);
        double[][] weights = [.. classifier.Weights.ToArray().Chunk(4)];
        double expected = NaiveLogisticRegression.Accuracy(weights, x[10..70], y[10..70]);
        Assert.InRange(expected, 0.3, 0.99);
        Assert.Equal(expected, classifier.Accuracy([.. Enumerable.Range(10, 60)]), 1e-12);
    }

    [Fact]
    public void Fits_allocate_nothing()
    {
        (double[][] x, int[] y) = Draw(50, 4, 3, seed: 14);
        LabeledVectors vectors = Vectors(x, y);
        int[] rows = [.. Enumerable.Range(0, 50)];
        CholeskyFactor factor = Factor(vectors, 3, 1);
        LogisticRegression classifier = new(vectors, 3);
        classifier.Fit(rows, 1, factor);
        classifier.Reset();
        long before = GC.GetAllocatedBytesForCurrentThread();
        classifier.Fit(rows, 1, factor);
        classifier.Accuracy(rows);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    static void Check(double[][] x, int[] y, int classes, double strength)
    {
        double[][] expected = NaiveLogisticRegression.Fit(x, y, classes, strength);
        Weights.Check([.. expected.SelectMany(w => w)], Fit(x, y, classes, strength).Weights.ToArray());
    }

    static LogisticRegression Fit(double[][] x, int[] y, int classes, double strength)
    {
        LabeledVectors vectors = Vectors(x, y);
        LogisticRegression classifier = new(vectors, classes);
        classifier.Fit([.. Enumerable.Range(0, x.Length)], strength, Factor(vectors, classes, strength));
        return classifier;
    }

    static LabeledVectors Vectors(double[][] x, int[] y) =>
        new([.. x.SelectMany(row => row.Select(value => (float)value))], x[0].Length, y);

    static CholeskyFactor Factor(LabeledVectors vectors, int classes, double strength)
    {
        int[] rows = [.. Enumerable.Range(0, vectors.Labels.Length)];
        SymmetricMatrix moment = SymmetricMatrix.SecondMoment(vectors, rows, new ParallelOptions());
        return LogisticRegression.Precondition(moment, classes, strength, rows.Length);
    }

    /// <summary>Draws vectors and classes that depend on their first elements.</summary>
    static (double[][] X, int[] Y) Draw(int count, int dimension, int classes, int seed)
    {
        double[][] x = [.. Numbers.Normal(count * dimension, seed).Chunk(dimension)];
        double[] noise = Numbers.Normal(count, seed + 1);
        return (x, [.. x.Select((row, i) => Class(row[0] + noise[i]))]);

        int Class(double value) => Math.Clamp((int)Math.Floor(value + classes / 2.0), 0, classes - 1);
    }
}
