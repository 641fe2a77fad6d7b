using System.Diagnostics;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>A training run: the loop around <see cref="TrainingStep"/>, with evaluation, checkpoints and resume.</summary>
public sealed class Trainer : IDisposable
{
    readonly TrainingJob _job;
    readonly TrainingOptions _options;
    readonly IBackend _backend;
    readonly TrainingSource _source;
    readonly BertTokenizer _tokenizer;
    readonly Corpus _corpus;
    readonly BertParameters _bert;
    readonly TrainingStep _step;
    readonly ResidentCorpus? _resident;
    readonly PositiveViews _repetition;
    readonly DevScore? _dev;
    readonly RunFolder _folder;
    readonly int _steps, _batches;
    readonly StepResult[] _collected = new StepResult[StepResults.Capacity];
    IBackend? _owned;
    int _done;
    long _reported;
    double _rate, _loss = double.NaN;

    Trainer(TrainingJob job, IBackend backend, ElementType stored, TrainingSource source, BertTokenizer tokenizer, Corpus corpus, IReadOnlyList<ScoredPair>? devPairs)
    {
        (_job, _options, _backend, _source, _tokenizer, _corpus) = (job, job.Options, backend, source, tokenizer, corpus);
        _batches = corpus.Batches(_options.BatchSize);
        long steps = _options.MaxSteps ?? (long)_options.Epochs * _batches;
        _steps = steps <= int.MaxValue ? (int)steps : throw new UsageException($"--epochs {_options.Epochs}: makes {steps} steps, expected at most {int.MaxValue}");
        _bert = source.Create(backend, _options, stored);
        _step = new TrainingStep(_bert, _options, _steps);
        if (_options.MomentumInit == MomentumInit.Random)
        {
            using BertParameters random = BertParameters.Random(backend, source.Config, _bert.Layout.HasHead, ~_options.Seed);
            _step.StartMomentumFrom(random);
        }
        _repetition = new PositiveViews(_options, tokenizer, source.Config.MaxPositions);
        _resident = ResidentCorpus.Open(backend, corpus, _repetition, _options.BatchSize);
        int fullLength = source.FullLength(tokenizer);
        _dev = devPairs is null ? null : new DevScore(backend, source.Config, _options.SavedPooler, tokenizer, fullLength, devPairs);
        Dictionary<string, string> inputs = new() { ["--data"] = corpus.Digest(), [job.Model is null ? "--from-scratch" : "MODEL"] = source.Digest() };
        if (devPairs is not null) inputs["--eval-data's stsb-dev"] = DevScore.Digest(devPairs);
        _folder = new RunFolder(job, _bert, _step, new RunIdentity(job, _bert, inputs, _steps));
        _done = _folder.Open();
    }

    /// <summary>What computes, for messages.</summary>
    public string Device => _backend.Name;

    /// <summary>Sentences of the corpus, those skipped as empty, those cut off at the training length.</summary>
    public (int Sentences, long Empty, long Truncated) CorpusCounts => (_corpus.Count, _corpus.Empty, _corpus.Truncated);

    /// <summary>Steps done so far, a resumed run's earlier ones counted.</summary>
    public int StepsDone => _done;

    /// <summary>What a resumed run's owner should know; null for nothing.</summary>
    public string? ResumeWarning => _folder.ResumeWarning;

    /// <summary>Steps in all.</summary>
    public int Steps => _steps;

    /// <summary>Whether the sentences lie on the device, and batches are packed there; else, where they do not fit, the host packs and sends them.</summary>
    internal bool IsResident => _resident is not null;

    /// <summary>Pieces of second views that were dropped because they passed the model's positions.</summary>
    public long DroppedTokens => _repetition.Dropped;

    /// <summary>Best dev score and its step; null without evaluation.</summary>
    public (double Score, int Step)? Best => _folder.Best;

    /// <summary>Reads everything that a run needs.</summary>
    /// <exception cref="InvalidInputException">A file is not what it must be.</exception>
    /// <exception cref="UsageException">The output is in use, or the options differ from those of the run to resume.</exception>
    public static Trainer Open(TrainingJob job, IBackend backend, ElementType stored = ElementType.Float32) => Open(job, _ => (backend, stored), owns: false);

    /// <summary>Reads everything that a run needs, and opens a device for a model of those sizes, which the trainer then owns, and says what activations are stored as.</summary>
    /// <exception cref="InvalidInputException">A file is not what it must be.</exception>
    /// <exception cref="UsageException">The output is in use, or the options differ from those of the run to resume.</exception>
    public static Trainer Open(TrainingJob job, Func<BertConfig, (IBackend Backend, ElementType Stored)> openDevice) => Open(job, openDevice, owns: true);

    static Trainer Open(TrainingJob job, Func<BertConfig, (IBackend Backend, ElementType Stored)> openDevice, bool owns)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(openDevice);
        RunFolder.Check(job);
        TrainingSource source = TrainingSource.Read(job);
        BertTokenizer tokenizer = BertTokenizer.Load(source.TokenizerPath);
        if (tokenizer.VocabularySize > source.Config.VocabularySize)
            throw new InvalidInputException($"{source.TokenizerPath}: the tokenizer has {tokenizer.VocabularySize} ids, config.json says vocab_size {source.Config.VocabularySize}");
        if (job.Options.MaxLength > source.Config.MaxPositions)
            throw new UsageException($"--max-length {job.Options.MaxLength}: the model has {source.Config.MaxPositions} positions");
        IReadOnlyList<ScoredPair>? dev = job.EvaluationData is null ? null : StsSets.Read(job.EvaluationData, "stsb-dev");
        Corpus corpus = Corpus.Read(job.Data, job.Column, tokenizer, job.Options.MaxLength);
        (IBackend backend, ElementType stored) = openDevice(source.Config);
        try
        {
            return new Trainer(job, backend, stored, source, tokenizer, corpus, dev) { _owned = owns ? backend : null };
        }
        catch when (owns)
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>Trains to the end. Cancelled, it stops after the step under way, with a checkpoint.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="NotFiniteException">A loss or a norm is not finite; the last checkpoint is intact.</exception>
    public void Run(Action<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (_folder.IsFinished(_done, _steps)) return;
        using MetricsFile metrics = new(Path.Combine(_job.Output, "metrics.jsonl"), _done == 0 ? -1 : _done);
        if (_done == 0) Evaluate(metrics, progress, double.NaN, 0);
        int[] order = [];
        _reported = Stopwatch.GetTimestamp();
        for (int queued = _done, epoch = -1; _done < _steps;)
        {
            if (queued / _batches != epoch)
            {
                epoch = queued / _batches;
                order = _corpus.Order(_options.Seed, epoch, _options.Shuffle);
                _resident?.SetEpochOrder(order);
                if (queued % _batches == 0 && _options.QueueReset == QueueReset.Epoch) _step.ResetQueue();
            }
            EnqueueStep(order, ++queued);
            bool evaluates = IsDue(queued, _options.EvaluateEvery), saves = IsDue(queued, _options.SaveEvery);
            // The device is at work on a step while the one before is reported, but where the step itself is wanted.
            Report(metrics, progress, all: evaluates || saves);
            if (evaluates) Evaluate(metrics, progress, _loss, _rate);
            bool stops = cancellation.IsCancellationRequested;
            if (stops) Report(metrics, progress, all: true);
            if (saves || stops) _folder.Save(_done);
            if (_done < _steps && stops) cancellation.ThrowIfCancellationRequested();
            if (evaluates || saves) _reported = Stopwatch.GetTimestamp();
        }
        _folder.Finish(_source, _tokenizer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _dev?.Dispose();
        _step.Dispose();
        _resident?.Dispose();
        _bert.Dispose();
        _owned?.Dispose();
    }

    bool IsDue(int step, int every) => step % every == 0 || step == _steps;

    void EnqueueStep(int[] order, int step)
    {
        if (_resident is not null) _step.Run(_resident, step);
        else
        {
            int[] chosen = [.. _corpus.Batch(order, (step - 1) % _batches, _options.BatchSize)];
            _step.Run([.. chosen.Select(sentence => _corpus[sentence].Ids)], [.. chosen.Select(sentence => _repetition.Create(_corpus[sentence].Ids, _corpus[sentence].Line, (uint)step))]);
        }
        _step.Results.Enqueue();
    }

    /// <summary>Reports the steps that are done and, of those under way, all or all but the newest.</summary>
    void Report(MetricsFile metrics, Action<TrainingProgress>? progress, bool all)
    {
        int count = 0;
        for (StepResults results = _step.Results; results.Count > 1 || results.IsNextCompleted || all && results.Count > 0;) _collected[count++] = results.Dequeue();
        if (count == 0) return;
        double seconds = Stopwatch.GetElapsedTime(_reported).TotalSeconds / count;
        _reported = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++) Report(_collected[i], seconds, metrics, progress);
    }

    void Report(StepResult result, double seconds, MetricsFile metrics, Action<TrainingProgress>? progress)
    {
        _done++;
        _loss = result.Loss;
        int sentences = Math.Min(_options.BatchSize, _corpus.Count - (_done - 1) % _batches * _options.BatchSize);
        _rate = _rate == 0 ? sentences / seconds : 0.9 * _rate + 0.1 * sentences / seconds;
        if (result.NotFiniteStep != 0)
            throw new NotFiniteException($"step {result.NotFiniteStep}: loss {result.Loss}, gradient norm {result.GradientNorm}: not finite; lower --learning-rate, or go on from the last checkpoint with --resume");
        metrics.Step(_done, result, sentences / seconds);
        progress?.Invoke(new(_done, _steps, result.Loss, _rate, TimeSpan.FromSeconds((double)(_steps - _done) * _options.BatchSize / _rate), null, _folder.Best?.Score));
    }

    void Evaluate(MetricsFile metrics, Action<TrainingProgress>? progress, double loss, double rate)
    {
        if (_dev is null) return;
        double score = _dev.Compute(_bert.Weights);
        metrics.Evaluation(_done, score);
        _folder.KeepIfBest(score, _done);
        progress?.Invoke(new(_done, _steps, loss, rate, TimeSpan.Zero, score, _folder.Best?.Score));
    }
}
