using System.Text.Json.Nodes;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>The files that a run reads.</summary>
/// <param name="Source">The model to start from.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Corpus">The sentences to train on.</param>
/// <param name="DevPairs">The dev set of the STS benchmark; null for no evaluation.</param>
/// <param name="UntrainedHead">pooler.dense of the model, for a run that trains no head.</param>
sealed record TrainingInputs(
    TrainingSource Source,
    BertTokenizer Tokenizer,
    Corpus Corpus,
    IReadOnlyList<ScoredPair>? DevPairs,
    IReadOnlyList<TensorToWrite> UntrainedHead)
{
    /// <summary>Reads the files of a job; those of sentences by a reader.</summary>
    /// <exception cref="InvalidInputException">A file is malformed.</exception>
    /// <exception cref="UsageException">An option does not fit the model.</exception>
    public static TrainingInputs Read(TrainingJob job, SentenceReader reader)
    {
        TrainingSource source = TrainingSource.Read(job);
        OutputConflict.Check(job, source);
        BertTokenizer tokenizer = BertTokenizer.Load(source.TokenizerPath, source.LowerCase);
        CheckSizes(source, tokenizer, job.Options.MaxLength);
        if (source.TrainsMaskedLanguageHead) CheckMaskedLanguageHead(source, tokenizer);
        IReadOnlyList<ScoredPair>? dev = null;
        if (job.EvaluationData is not null) dev = StsSets.Read(job.EvaluationData, "stsb-dev");
        Corpus corpus = ReadCorpus(job, tokenizer, reader);
        CheckNegatives(corpus, job);
        return new(source, tokenizer, corpus, dev, job.Options.Pooler.HasHead ? [] : source.UntrainedHead());
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

    /// <summary>Returns lines about the files that may differ from what their author meant.</summary>
    public IEnumerable<string> Remarks(TrainingOptions options)
    {
        bool endsWithOne = options.QueueSize == 0 && Corpus.Count % options.BatchSize == 1;
        IEnumerable<string> remarks = Tokenizer.Remarks.Concat(Corpus.Remarks);
        if (!endsWithOne) return remarks;
        return [.. remarks, "the last batch of an epoch is one sentence, without negatives: its loss is 0"];
    }

    static Corpus ReadCorpus(TrainingJob job, BertTokenizer tokenizer, SentenceReader reader)
    {
        int maxLength = job.Options.MaxLength;
        if (job.Columns.Count == 0) return Corpus.Read(job.Data, job.Column, tokenizer, maxLength, reader);
        if (job.Column is not null) throw new UsageException("--column: not with --columns");
        if (job.Columns.Count is 2 or 3)
            return Corpus.ReadColumns(job.Data, job.Columns, tokenizer, maxLength, reader);
        throw new UsageException(
            $"--columns {string.Join(',', job.Columns)}: found {job.Columns.Count}, expected 2 or 3: " +
            "of anchors, positives and perhaps hard negatives");
    }

    /// <summary>
    /// Refuses a corpus of which every batch has no negatives. A last partial batch of one sentence is trained: its
    /// loss is 0, and the run goes on.
    /// </summary>
    static void CheckNegatives(Corpus corpus, TrainingJob job)
    {
        if (corpus.Count > 1 || job.Options.QueueSize > 0) return;
        string files = string.Join(", ", job.Data);
        throw new UsageException(
            $"{files}: found 1 sentence, which has no negatives whatever the --batch-size: expected at least 2, " +
            "or a queue by --queue-size");
    }

    static void CheckMaskedLanguageHead(TrainingSource source, BertTokenizer tokenizer)
    {
        _ = tokenizer.RequireMaskId("--mlm-weight");
        if (JsonFile.ReadObject(source.ConfigPath)["tie_word_embeddings"] is not JsonValue value) return;
        if (value.TryGetValue(out bool isTied) && !isTied)
            throw new InvalidInputException(
                $"{source.ConfigPath}: tie_word_embeddings: found false, expected true for --mlm-weight: the " +
                "decoder's weights are the word embeddings");
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
