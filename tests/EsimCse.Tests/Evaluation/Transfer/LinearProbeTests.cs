using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Evaluation.Transfer;

/// <summary>Scores of tasks whose sentences name vectors.</summary>
public sealed class LinearProbeTests : IDisposable
{
    const double Rounding = 1e-12;

    readonly TransferFolder _folder = new TransferFolder(seed: 21).WriteAll(examples: 41);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mr")]
    [InlineData("cr")]
    [InlineData("subj")]
    [InlineData("mpqa")]
    public void A_task_without_a_test_set_is_cross_validated(string name)
    {
        TransferTask task = _folder.Read(name);
        (double[][] x, int[] y) = Data(task.Train);
        Check(NaiveLogisticRegression.CrossValidate(x, y), task);
    }

    [Fact]
    public void The_strength_for_sst2_is_chosen_on_the_dev_set()
    {
        TransferTask task = _folder.Read("sst2");
        (double[][] x, int[] y) = Data(task.Train);
        (double[][] devX, int[] devY) = Data(task.Dev);
        (double[][] testX, int[] testY) = Data(task.Test);
        Check(NaiveLogisticRegression.TrainDevTest(x, y, devX, devY, testX, testY), task);
    }

    [Theory]
    [InlineData("trec", 6)]
    [InlineData("mrpc", 2)]
    public void The_strength_for_a_test_set_is_chosen_by_cross_validation(string name, int classes)
    {
        TransferTask task = _folder.Read(name);
        (double[][] x, int[] y) = Data(task.Train);
        (double[][] testX, int[] testY) = Data(task.Test);
        Check(NaiveLogisticRegression.TrainTest(x, y, testX, testY, classes), task);
    }

    [Fact]
    public void The_accuracy_is_that_of_the_best_classifier()
    {
        const int examples = 1500;
        using TransferFolder folder = new(seed: 22);
        folder.Write("CR/custrev.pos", folder.Sentences(examples, 1));
        folder.Write("CR/custrev.neg", folder.Sentences(examples, 0));
        double best = NormalCdf(TransferFolder.Distance / 2);
        double deviation = Math.Sqrt(best * (1 - best) / (2 * examples));
        Assert.InRange(Score(folder, "cr").Accuracy, best - 3 * deviation, best + 3 * deviation);
    }

    [Fact]
    public void A_class_that_only_the_test_set_has_is_never_predicted()
    {
        using TransferFolder folder = new(seed: 23);
        IEnumerable<string> train = folder.Sentences(20, 0).Select(text => $"HUM:x {text}");
        folder.Write("TREC/train_5500.label", [.. train, .. folder.Sentences(20, 1).Select(text => $"LOC:x {text}")]);
        folder.Write("TREC/TREC_10.label", folder.Sentences(5, 0).Select(text => $"ABBR:x {text}"));
        Assert.Equal(0, Score(folder, "trec").Accuracy);
    }

    [Fact]
    public void Scores_do_not_depend_on_the_number_of_threads()
    {
        foreach (string name in new[] { "mr", "sst2", "trec", "mrpc" })
            Assert.Equal(Score(_folder, name, threads: 1), Score(_folder, name, threads: 5));
    }

    [Fact]
    public void A_cancelled_token_stops_the_fits()
    {
        ParallelOptions cancelled = new() { CancellationToken = new CancellationToken(canceled: true) };
        Assert.ThrowsAny<OperationCanceledException>(
            () => _folder.Read("mr").Score(_folder.Encode, TransferFolder.Dimension, cancelled));
    }

    static TransferScore Score(TransferFolder folder, string name, int threads = 2) => folder.Read(name).Score(
        folder.Encode, TransferFolder.Dimension, new ParallelOptions { MaxDegreeOfParallelism = threads });

    void Check((double Accuracy, double Dev) expected, TransferTask task)
    {
        TransferScore score = task.Score(_folder.Encode, TransferFolder.Dimension, new ParallelOptions());
        Assert.Equal(expected.Accuracy, score.Accuracy, Rounding);
        Assert.Equal(expected.Dev, score.Dev, Rounding);
        Assert.InRange(score.Accuracy, 0.4, 0.97);
    }

    /// <summary>Returns the features of examples, |u − v| and u·v of a pair, and their classes.</summary>
    (double[][] X, int[] Y) Data(LabeledText[] examples)
    {
        string[] types = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"];
        return ([.. examples.Select(Features)], [.. examples.Select(Class)]);

        double[] Features(LabeledText example)
        {
            double[] u = _folder.Vector(example.Text);
            if (example.Other is null) return u;
            double[] v = _folder.Vector(example.Other);
            IEnumerable<double> joined = u.Zip(v, (a, b) => Math.Abs(a - b)).Concat(u.Zip(v, (a, b) => a * b));
            return [.. joined.Select(value => (double)(float)value)];
        }

        int Class(LabeledText example) =>
            types.Contains(example.Label) ? Array.IndexOf(types, example.Label) : example.Label[0] - '0';
    }

    /// <summary>Integrates the density of the normal distribution by the trapezoidal rule.</summary>
    static double NormalCdf(double x)
    {
        const int steps = 10_000;
        double width = x / steps;
        double sum = (1 + Math.Exp(-x * x / 2)) / 2;
        for (int i = 1; i < steps; i++) sum += Math.Exp(-i * width * i * width / 2);
        return 0.5 + sum * width / Math.Sqrt(2 * Math.PI);
    }
}
