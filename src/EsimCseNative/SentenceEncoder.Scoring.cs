using EsimCse.Core;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Core.Text;

namespace EsimCseNative;

/// <content>Similarities, and scores on sets of semantic textual similarity and on transfer tasks.</content>
public sealed partial class SentenceEncoder
{
    /// <summary>The function that compares vectors: the folder's, the cosine by default.</summary>
    public SimilarityFunction SimilarityFunction => Folder.Similarity;

    /// <summary>Computes the similarity of two sentences by <see cref="SimilarityFunction"/>.</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public double Similarity(string first, string second)
    {
        float[][] vectors = Encode([first, second]);
        return EsimCse.Core.Similarity.Compute(SimilarityFunction, vectors[0], vectors[1]);
    }

    /// <summary>
    /// Computes the accuracies of logistic regression on the vectors of SentEval's transfer tasks, by SentEval's folds
    /// and splits.
    /// </summary>
    /// <param name="folder">A folder with some of MR, CR, SUBJ, MPQA, SST/binary, TREC and MRPC, or a folder downstream
    /// that holds them.</param>
    /// <param name="progress">Called before each task with its name and number of examples.</param>
    /// <param name="cancellation">Stops before the next batch or fit.</param>
    /// <exception cref="InvalidInputException">
    /// No task is present, a file of one is missing or not valid, or a vector is not finite.
    /// </exception>
    public TransferReport ScoreTransfer(
        string folder, Action<string, int>? progress = null, CancellationToken cancellation = default) =>
        Report(TransferTasks.Read(folder), progress, cancellation);

    /// <summary>Computes the accuracies on transfer tasks.</summary>
    internal TransferReport Report(
        IReadOnlyList<TransferTask> tasks, Action<string, int>? progress, CancellationToken cancellation)
    {
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = _threads, CancellationToken = cancellation };
        List<(string, TransferScore)> scores = [];
        foreach (TransferTask task in tasks)
        {
            progress?.Invoke(task.Name, task.Examples);
            scores.Add((task.Name, task.Score(EncodeTexts, Dimension, parallel)));
        }
        return new TransferReport(scores);

        float[] EncodeTexts(IReadOnlyList<string> sentences, Func<int, RowPlace> place) =>
            Encode(Tokenize(sentences), place, cancellation);
    }

    /// <summary>Computes the score on the pairs of one set.</summary>
    internal SetScore Score(IReadOnlyList<ScoredPair> pairs, CancellationToken cancellation = default)
    {
        (float[] vectors, int[] lengths) = EncodeWithLengths(StsSets.Sentences(pairs), cancellation);
        return SetScore.Compute(vectors, Dimension, lengths, pairs, SimilarityFunction);
    }

    /// <summary>Computes the scores on several sets, given by their names.</summary>
    internal StsReport Report(
        IReadOnlyDictionary<string, IReadOnlyList<ScoredPair>> sets, CancellationToken cancellation) =>
        StsReport.Compute(
            sets,
            sentences => EncodeWithLengths(sentences, cancellation),
            Dimension,
            SimilarityFunction);

    (float[] Vectors, int[] Lengths) EncodeWithLengths(
        IReadOnlyList<string> sentences, CancellationToken cancellation)
    {
        IReadOnlyList<int[]> ids = Tokenize(sentences);
        return (Encode(ids, cancellation), [.. ids.Select(sentence => sentence.Length)]);
    }
}
