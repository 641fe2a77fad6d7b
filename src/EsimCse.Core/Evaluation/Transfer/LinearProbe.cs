namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>
/// Logistic regression on frozen vectors, by SentEval's three protocols with its strengths C for scikit-learn. Of the
/// strengths the one with the highest accuracy on data that it did not learn from is taken, the smallest of several.
/// Fits run in parallel; the scores do not depend on the number of threads.
/// </summary>
/// <remarks>
/// <see cref="CrossValidate"/> takes 610 fits: about 15 seconds on two cores for 10 662 vectors of 768 elements, the
/// size of MR. <see cref="ScoreTestSet(LabeledVectors, Split, ParallelOptions)"/> takes 71: about 7 seconds for TREC,
/// 5 for MRPC.
/// </remarks>
sealed class LinearProbe
{
    /// <summary>SentEval's strengths where there are folds inside folds, or a dev set.</summary>
    static readonly double[] StandardStrengths = [0.25, 0.5, 1, 2, 4, 8];

    /// <summary>SentEval's strengths where cross-validation chooses for a test set.</summary>
    static readonly double[] TestSetStrengths = [0.5, 1, 2, 4, 8, 16, 32];

    readonly LabeledVectors _vectors;
    readonly int _classes;
    readonly double[] _strengths;
    readonly CholeskyFactor[] _factors;
    readonly ParallelOptions _parallel;

    LinearProbe(LabeledVectors vectors, int[] train, double[] strengths, ParallelOptions parallel)
    {
        _vectors = vectors;
        _classes = vectors.Labels.ToArray().Max() + 1;
        _strengths = strengths;
        _parallel = parallel;
        _factors = new CholeskyFactor[strengths.Length];
        SymmetricMatrix moment = SymmetricMatrix.SecondMoment(vectors, train, parallel);
        Parallel.For(0, strengths.Length, parallel, i =>
            _factors[i] = LogisticRegression.Precondition(moment, _classes, strengths[i], train.Length));
    }

    /// <summary>
    /// Holds each fold of the examples out once, and chooses the strength by cross-validation of the other folds. Both
    /// accuracies are means over the folds.
    /// </summary>
    public static TransferScore CrossValidate(LabeledVectors vectors, ParallelOptions parallel)
    {
        int[] rows = [.. Enumerable.Range(0, vectors.Labels.Length)];
        LinearProbe probe = new(vectors, rows, StandardStrengths, parallel);
        Split[] outer = StratifiedFolds.Create(rows, vectors.Labels);
        Split[] inner = [.. outer.SelectMany(fold => StratifiedFolds.Create(fold.Train, vectors.Labels))];
        Choice[] choices = [.. probe.ScoreStrengths(inner).Chunk(StratifiedFolds.Count).Select(Choose)];
        double[] accuracies = probe.ScoreChosen(outer, choices);
        return new TransferScore(accuracies.Average(), choices.Average(choice => choice.Accuracy));
    }

    /// <summary>Scores on a test set, and chooses the strength by cross-validation of the other examples.</summary>
    public static TransferScore ScoreTestSet(LabeledVectors vectors, Split split, ParallelOptions parallel)
    {
        LinearProbe probe = new(vectors, split.Train, TestSetStrengths, parallel);
        Split[] folds = StratifiedFolds.Create(split.Train, vectors.Labels);
        return probe.ScoreChosen(split, Choose(probe.ScoreStrengths(folds)));
    }

    /// <summary>Scores on a test set, and chooses the strength on a dev set.</summary>
    public static TransferScore ScoreTestSet(LabeledVectors vectors, Split split, int[] dev, ParallelOptions parallel)
    {
        LinearProbe probe = new(vectors, split.Train, StandardStrengths, parallel);
        return probe.ScoreChosen(split, Choose(probe.ScoreStrengths([new Split(split.Train, dev)])));
    }

    /// <summary>Returns the strength with the highest mean accuracy over several splits.</summary>
    static Choice Choose(double[][] accuracies)
    {
        Choice best = new(0, -1);
        for (int i = 0; i < accuracies[0].Length; i++)
        {
            double mean = accuracies.Average(split => split[i]);
            if (mean > best.Accuracy) best = new Choice(i, mean);
        }
        return best;
    }

    TransferScore ScoreChosen(Split split, Choice choice) =>
        new(ScoreChosen([split], [choice])[0], choice.Accuracy);

    double[] ScoreChosen(Split[] splits, Choice[] choices) =>
        [.. Score(splits, i => choices[i].Index..(choices[i].Index + 1)).Select(accuracies => accuracies[0])];

    /// <summary>Computes the accuracy on each split with each strength.</summary>
    double[][] ScoreStrengths(Split[] splits) => Score(splits, _ => ..);

    /// <summary>Computes the accuracy on each split with some of the strengths.</summary>
    double[][] Score(Split[] splits, Func<int, Range> strengths)
    {
        double[][] accuracies = new double[splits.Length][];
        Parallel.For(0, splits.Length, _parallel, CreateClassifier, Run, _ => { });
        return accuracies;

        LogisticRegression CreateClassifier() => new(_vectors, _classes);

        LogisticRegression Run(int i, ParallelLoopState state, LogisticRegression classifier)
        {
            accuracies[i] = Score(classifier, splits[i], strengths(i));
            return classifier;
        }
    }

    /// <summary>Computes the accuracies with increasing strengths, each fit from the weights of the last.</summary>
    double[] Score(LogisticRegression classifier, Split split, Range strengths)
    {
        (int first, int count) = strengths.GetOffsetAndLength(_strengths.Length);
        double[] accuracies = new double[count];
        classifier.Reset();
        for (int i = 0; i < count; i++)
        {
            _parallel.CancellationToken.ThrowIfCancellationRequested();
            classifier.Fit(split.Train, _strengths[first + i], _factors[first + i]);
            accuracies[i] = classifier.Accuracy(split.Test);
        }
        return accuracies;
    }

    /// <summary>The index of a strength and its accuracy on held-out data.</summary>
    readonly record struct Choice(int Index, double Accuracy);
}
