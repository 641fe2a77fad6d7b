using System.Numerics.Tensors;
using EsimCse.Core.Text;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>A sentence or a pair of sentences, and its class.</summary>
/// <param name="File">The file that it was read from, for errors.</param>
/// <param name="Line">Its line, counted from 1.</param>
/// <param name="Label">The name of the class.</param>
/// <param name="Text">The sentence.</param>
/// <param name="Other">The second sentence of a pair.</param>
sealed record LabeledText(string File, int Line, string Label, string Text, string? Other = null);

/// <summary>Returns the vectors of sentences, [sentences, dimension], and names a sentence in errors.</summary>
delegate float[] SentenceEncoding(IReadOnlyList<string> sentences, Func<int, RowPlace> place);

/// <summary>The examples of a transfer task; tasks without a test set are cross-validated.</summary>
/// <param name="Name">The name of the task.</param>
/// <param name="Train">The examples to learn from.</param>
/// <param name="Dev">Examples on which the strength is chosen; none where cross-validation does it.</param>
/// <param name="Test">Examples to be scored on; none in cross-validation.</param>
sealed record TransferTask(string Name, LabeledText[] Train, LabeledText[] Dev, LabeledText[] Test)
{
    /// <summary>Number of examples.</summary>
    public int Examples => Train.Length + Dev.Length + Test.Length;

    /// <summary>Scores an encoder.</summary>
    /// <param name="encode">The encoder.</param>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="parallel">The number of threads, and a token that ends the work.</param>
    public TransferScore Score(SentenceEncoding encode, int dimension, ParallelOptions parallel)
    {
        LabeledText[] examples = [.. Train, .. Dev, .. Test];
        string[] classes = [.. Train.Select(example => example.Label).Distinct().Order(StringComparer.Ordinal)];
        // A class that does not occur in the training data is never predicted.
        int[] labels = [.. examples.Select(example => Array.IndexOf(classes, example.Label))];
        LabeledVectors vectors = Encode(examples, labels, encode, dimension);
        if (Test.Length == 0) return LinearProbe.CrossValidate(vectors, parallel);
        int[] dev = [.. Enumerable.Range(Train.Length, Dev.Length)];
        Split split = new(
            [.. Enumerable.Range(0, Train.Length)],
            [.. Enumerable.Range(Train.Length + Dev.Length, Test.Length)]);
        if (Dev.Length == 0) return LinearProbe.ScoreTestSet(vectors, split, parallel);
        return LinearProbe.ScoreTestSet(vectors, split, dev, parallel);
    }

    static LabeledVectors Encode(LabeledText[] examples, int[] labels, SentenceEncoding encode, int dimension)
    {
        float[] first = encode([.. examples.Select(example => example.Text)], Place);
        if (examples[0].Other is null) return new LabeledVectors(first, dimension, labels);
        float[] second = encode([.. examples.Select(example => example.Other!)], Place);
        return new LabeledVectors(Pairs(first, second, dimension), 2 * dimension, labels);

        RowPlace Place(int row) => new(examples[row].File, examples[row].Line);
    }

    /// <summary>Joins |u − v| and u·v of each pair of vectors.</summary>
    static float[] Pairs(ReadOnlySpan<float> first, ReadOnlySpan<float> second, int dimension)
    {
        float[] pairs = new float[2 * first.Length];
        for (int start = 0; start < first.Length; start += dimension)
        {
            ReadOnlySpan<float> u = first.Slice(start, dimension);
            ReadOnlySpan<float> v = second.Slice(start, dimension);
            Span<float> distances = pairs.AsSpan(2 * start, dimension);
            TensorPrimitives.Subtract(u, v, distances);
            TensorPrimitives.Abs(distances, distances);
            TensorPrimitives.Multiply(u, v, pairs.AsSpan(2 * start + dimension, dimension));
        }
        return pairs;
    }
}
