namespace EsimCse.Tests.Support;

/// <summary>
/// Logistic regression by Newton's method with the whole Hessian, in double and from zero, and SentEval's protocols as
/// nested loops over it: minimizes ½·‖W‖² + C·Σ −log p over weights and biases, where biases are not penalized.
/// </summary>
static class NaiveLogisticRegression
{
    static readonly double[] FoldStrengths = [0.25, 0.5, 1, 2, 4, 8];
    static readonly double[] TestStrengths = [0.5, 1, 2, 4, 8, 16, 32];

    /// <summary>Returns [outputs][dimension + 1], the bias last; one output for two classes.</summary>
    public static double[][] Fit(double[][] x, int[] y, int classes, double strength)
    {
        int outputs = classes == 2 ? 1 : classes;
        int size = x[0].Length + 1;
        double[] w = new double[outputs * size];
        for (int iteration = 0; iteration < 200; iteration++)
        {
            (double value, double[] gradient, double[,] hessian) = Objective(w, x, y, outputs, strength);
            if (gradient.All(g => Math.Abs(g) < 1e-10 * x.Length)) break;
            double[] step = SolveLinear(hessian, gradient);
            double length = 1;
            double[] next;
            do
            {
                next = [.. w.Zip(step, (a, b) => a - length * b)];
                length /= 2;
            }
            while (Objective(next, x, y, outputs, strength).Value > value + 1e-12 && length > 1e-9);
            w = next;
        }
        return [.. w.Chunk(size)];
    }

    public static double Accuracy(double[][] weights, double[][] x, int[] y)
    {
        double correct = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double[] scores = Scores(weights, x[i]);
            int predicted = scores.Length == 1 ? scores[0] > 0 ? 1 : 0 : Array.IndexOf(scores, scores.Max());
            if (predicted == y[i]) correct++;
        }
        return correct / x.Length;
    }

    /// <summary>Cross-validates, with folds inside folds that choose the strength.</summary>
    public static (double Accuracy, double Dev) CrossValidate(double[][] x, int[] y)
    {
        double accuracy = 0;
        double dev = 0;
        for (int fold = 0; fold < 10; fold++)
        {
            (double[][] trainX, int[] trainY, double[][] testX, int[] testY) = HoldOut(x, y, fold);
            (double strength, double best) = BestByFolds(trainX, trainY, 2, FoldStrengths);
            accuracy += Accuracy(Fit(trainX, trainY, 2, strength), testX, testY) / 10;
            dev += best / 10;
        }
        return (accuracy, dev);
    }

    /// <summary>Chooses the strength by cross-validation of the training data, then scores the test set.</summary>
    public static (double Accuracy, double Dev) TrainTest(
        double[][] trainX, int[] trainY, double[][] testX, int[] testY, int classes)
    {
        (double strength, double best) = BestByFolds(trainX, trainY, classes, TestStrengths);
        return (Accuracy(Fit(trainX, trainY, classes, strength), testX, testY), best);
    }

    /// <summary>Chooses the strength on the dev set, then scores the test set.</summary>
    public static (double Accuracy, double Dev) TrainDevTest(
        double[][] trainX, int[] trainY, double[][] devX, int[] devY, double[][] testX, int[] testY)
    {
        double[] dev = [.. FoldStrengths.Select(c => Accuracy(Fit(trainX, trainY, 2, c), devX, devY))];
        double strength = FoldStrengths[Array.IndexOf(dev, dev.Max())];
        return (Accuracy(Fit(trainX, trainY, 2, strength), testX, testY), dev.Max());
    }

    static (double Strength, double Accuracy) BestByFolds(double[][] x, int[] y, int classes, double[] strengths)
    {
        double[] means = new double[strengths.Length];
        for (int s = 0; s < strengths.Length; s++)
        {
            double sum = 0;
            for (int fold = 0; fold < 10; fold++)
            {
                (double[][] trainX, int[] trainY, double[][] testX, int[] testY) = HoldOut(x, y, fold);
                sum += Accuracy(Fit(trainX, trainY, classes, strengths[s]), testX, testY);
            }
            means[s] = sum / 10;
        }
        return (strengths[Array.IndexOf(means, means.Max())], means.Max());
    }

    /// <summary>Deals the examples to ten folds, class after class, and holds one fold out.</summary>
    static (double[][] TrainX, int[] TrainY, double[][] TestX, int[] TestY) HoldOut(double[][] x, int[] y, int fold)
    {
        bool[] isTest = new bool[x.Length];
        int dealt = 0;
        for (int label = 0; label <= y.Max(); label++)
            for (int i = 0; i < x.Length; i++)
                if (y[i] == label) isTest[i] = dealt++ % 10 == fold;
        return (
            [.. x.Where((_, i) => !isTest[i])], [.. y.Where((_, i) => !isTest[i])],
            [.. x.Where((_, i) => isTest[i])], [.. y.Where((_, i) => isTest[i])]);
    }

    static double[] Scores(double[][] weights, double[] x) =>
        [.. weights.Select(w => w[^1] + x.Select((value, j) => value * w[j]).Sum())];

    static (double Value, double[] Gradient, double[,] Hessian) Objective(
        double[] w, double[][] x, int[] y, int outputs, double strength)
    {
        int size = x[0].Length + 1;
        double value = 0;
        double[] gradient = new double[w.Length];
        double[,] hessian = new double[w.Length, w.Length];
        for (int i = 0; i < w.Length; i++)
        {
            // Softmax does not change when all biases grow by one number: their Hessian alone is singular.
            bool isBias = i % size == size - 1;
            hessian[i, i] = isBias ? 1e-9 : 1;
            if (isBias) continue;
            value += w[i] * w[i] / 2;
            gradient[i] = w[i];
        }
        for (int i = 0; i < x.Length; i++)
        {
            double[] features = [.. x[i], 1];
            double[] scores = Scores([.. w.Chunk(size)], x[i]);
            // A single score is the softmax of it and 0.
            double[] p = Softmax(outputs == 1 ? [scores[0], 0] : scores);
            int target = outputs == 1 ? 1 - y[i] : y[i];
            value -= strength * Math.Log(p[target]);
            for (int a = 0; a < w.Length; a++)
            {
                int k = a / size;
                gradient[a] += strength * (p[k] - (target == k ? 1 : 0)) * features[a % size];
                for (int b = 0; b < w.Length; b++)
                {
                    double curvature = p[k] * ((k == b / size ? 1 : 0) - p[b / size]);
                    hessian[a, b] += strength * curvature * features[a % size] * features[b % size];
                }
            }
        }
        return (value, gradient, hessian);
    }

    static double[] Softmax(double[] scores)
    {
        double[] exp = [.. scores.Select(score => Math.Exp(score - scores.Max()))];
        return [.. exp.Select(e => e / exp.Sum())];
    }

    /// <summary>Solves A·x = b by Gaussian elimination; both are overwritten.</summary>
    static double[] SolveLinear(double[,] a, double[] b)
    {
        int n = b.Length;
        for (int pivot = 0; pivot < n; pivot++)
            for (int i = pivot + 1; i < n; i++)
            {
                double factor = a[i, pivot] / a[pivot, pivot];
                for (int j = pivot; j < n; j++) a[i, j] -= factor * a[pivot, j];
                b[i] -= factor * b[pivot];
            }
        double[] x = new double[n];
        for (int i = n - 1; i >= 0; i--)
        {
            double sum = b[i];
            for (int j = i + 1; j < n; j++) sum -= a[i, j] * x[j];
            x[i] = sum / a[i, i];
        }
        return x;
    }
}
