using EsimCse.Core.Evaluation;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>The files that a run reads.</summary>
/// <param name="Source">The model to start from.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Corpus">The sentences to train on.</param>
/// <param name="DevPairs">The dev set of the STS benchmark; null for no evaluation.</param>
sealed record TrainingInputs(
    TrainingSource Source,
    BertTokenizer Tokenizer,
    Corpus Corpus,
    IReadOnlyList<ScoredPair>? DevPairs)
{
    /// <summary>Reads the files of a job.</summary>
    /// <exception cref="InvalidInputException">A file is malformed.</exception>
    /// <exception cref="UsageException">An option does not fit the model.</exception>
    public static TrainingInputs Read(TrainingJob job)
    {
        SentenceFile.CheckColumn([.. job.Data], job.Column);
        TrainingSource source = TrainingSource.Read(job);
        BertTokenizer tokenizer = BertTokenizer.Load(source.TokenizerPath);
        CheckSizes(source, tokenizer, job.Options.MaxLength);
        IReadOnlyList<ScoredPair>? dev = null;
        if (job.EvaluationData is not null) dev = StsSets.Read(job.EvaluationData, "stsb-dev");
        Corpus corpus = Corpus.Read(job.Data, job.Column, tokenizer, job.Options.MaxLength, source.LowerCase);
        CheckNegatives(job.Options, corpus);
        return new(source, tokenizer, corpus, dev);
    }

    /// <summary>Returns digests of the files, by the command-line name of their option.</summary>
    public Dictionary<string, string> Digests()
    {
        Dictionary<string, string> digests = new()
        {
            ["--data"] = Corpus.Digest(),
            [Source.Weights is null ? "--from-scratch" : "MODEL"] = Source.Digest(),
        };
        if (DevPairs is not null) digests["--eval-data's stsb-dev"] = DevScore.Digest(DevPairs);
        return digests;
    }

    /// <summary>Checks that a step has negatives: other sentences of its batch, or a queue.</summary>
    static void CheckNegatives(TrainingOptions options, Corpus corpus)
    {
        if (options.QueueSize > 0 || Math.Min(options.BatchSize, corpus.Count) > 1) return;
        string found = options.BatchSize == 1 ? "--batch-size 1" : $"--batch-size {options.BatchSize}, 1 sentence";
        throw new UsageException($"{found} and --queue-size 0: a batch of one sentence has no negatives");
    }

    static void CheckSizes(TrainingSource source, BertTokenizer tokenizer, int maxLength)
    {
        tokenizer.CheckFits(source.Config.VocabularySize);
        int before = tokenizer.PrefixIds.Count, after = tokenizer.SuffixIds.Count;
        if (before != 1 || after != 1)
            throw new InvalidInputException(
                $"{tokenizer.Settings.File}: post_processor: found {before} special tokens before a sentence and " +
                $"{after} after it, expected one of each for training");
        if (maxLength > source.Config.MaxPositions)
            throw new UsageException($"--max-length {maxLength}: the model has {source.Config.MaxPositions} positions");
    }
}
