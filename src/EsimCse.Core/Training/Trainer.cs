using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// A training run: the loop around <see cref="TrainingStep"/>, with evaluation, checkpoints and resume.
/// </summary>
sealed class Trainer : IDisposable
{
    readonly TrainingJob _job;
    readonly TrainingOptions _options;
    readonly TrainingInputs _inputs;
    readonly IBackend _backend;
    readonly bool _ownsBackend;
    readonly BertParameters _bert;
    readonly TrainingStep _step;
    readonly PositiveViews _positives;
    readonly TokenMasking? _masking;
    readonly DevScore? _dev;
    readonly RunFolder _folder;
    readonly RunLock _lock;
    readonly int _batchesPerEpoch;

    Trainer(
        TrainingJob job,
        TrainingInputs inputs,
        RunLock runLock,
        IBackend backend,
        ElementType stored,
        bool ownsBackend)
    {
        _lock = runLock;
        _job = job;
        _options = job.Options;
        _inputs = inputs;
        _backend = backend;
        _ownsBackend = ownsBackend;
        _batchesPerEpoch = inputs.Corpus.Batches(_options.BatchSize);
        Steps = CountSteps(_options, _batchesPerEpoch);
        TrainingSource source = inputs.Source;
        _bert = source.Create(backend, _options, stored);
        _step = new TrainingStep(_bert, _options, Steps);
        if (_options.MomentumInit == MomentumInit.Random)
        {
            ParameterLayout layout = _bert.Layout;
            using BertParameters random = BertParameters.Random(
                backend, source.Config, layout.HasHead, ~_options.Seed,
                maskedLanguageHead: layout.HasMaskedLanguageHead);
            _step.StartMomentumFrom(random);
        }
        _positives = new PositiveViews(_options, inputs.Tokenizer, source.Config.MaxPositions);
        if (_options.MlmWeight > 0) _masking = new TokenMasking(backend, _options, inputs.Tokenizer);
        BatchSource = IBatchSource.Open(backend, inputs.Corpus, _positives, _options.BatchSize, _masking);
        if (inputs.DevPairs is not null)
        {
            int maxLength = source.FullLength(inputs.Tokenizer);
            Pooler pooler = _options.SavedPooler;
            _dev = new DevScore(backend, source.Config, pooler, inputs.Tokenizer, maxLength, inputs.DevPairs);
        }
        Dictionary<string, string> digests = inputs.Digests();
        RunDescription description = RunDescription.From(job, inputs.Corpus.Count, Steps, stored, digests);
        _folder = new RunFolder(job, _bert, _step, new RunIdentity(job, _bert, digests, Steps), description);
        _lock.Take();
        StepsDone = _folder.Open(Steps);
    }

    /// <summary>The device's name, for messages.</summary>
    public string Device => _backend.Name;

    /// <summary>The numbers of sentences: trained on, skipped as empty, truncated.</summary>
    public (int Sentences, long Empty, long Truncated) CorpusCounts =>
        (_inputs.Corpus.Count, _inputs.Corpus.Empty, _inputs.Corpus.Truncated);

    /// <summary>Steps done, those before a resume included.</summary>
    public int StepsDone { get; private set; }

    /// <summary>Steps in all.</summary>
    public int Steps { get; }

    /// <summary>Lines about the inputs that may differ from what their author meant.</summary>
    public IEnumerable<string> Remarks => _inputs.Remarks(_options);

    /// <summary>A warning about the resumed run; null for none.</summary>
    public string? ResumeWarning => _folder.ResumeWarning;

    /// <summary>The number of tokens of positives dropped because they passed the model's positions.</summary>
    public long DroppedTokens => _positives.Dropped;

    /// <summary>The best dev score and the first step that reached it; null without evaluation.</summary>
    public (double Score, int Step)? Best => _folder.Best;

    public IBatchSource BatchSource { get; }

    /// <summary>Reads the inputs of a run and prepares it on a device.</summary>
    /// <exception cref="InvalidInputException">A file is malformed.</exception>
    /// <exception cref="UsageException">
    /// The output is in use, or the options differ from those of the run to resume.
    /// </exception>
    public static Trainer Open(TrainingJob job, IBackend backend, ElementType stored = ElementType.Float32) =>
        Open(job, _ => (backend, stored), SentenceReader.Text, ownsBackend: false);

    /// <summary>
    /// Reads the inputs of a run and prepares it on a device that is opened for a model of those sizes, and owned. The
    /// second result of <paramref name="openDevice"/> is the element type of activations.
    /// </summary>
    /// <inheritdoc cref="Open(TrainingJob, IBackend, ElementType)"/>
    public static Trainer Open(
        TrainingJob job,
        Func<BertConfig, (IBackend Backend, ElementType Stored)> openDevice,
        SentenceReader reader) =>
        Open(job, openDevice, reader, ownsBackend: true);

    /// <summary>Trains to the end. When cancelled it stops after the current step, with a checkpoint.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="NotFiniteException">A loss or a norm is not finite; the last checkpoint is intact.</exception>
    public void Run(Action<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (_folder.IsFinished(StepsDone, Steps)) return;
        using MetricsFile metrics = new(Path.Combine(_job.Output, MetricsFile.Name), StepsDone == 0 ? -1 : StepsDone);
        StepReporter reporter = new(_options, _inputs.Corpus, Steps, _step.Results, _folder, metrics, progress)
        {
            Done = StepsDone,
        };
        if (StepsDone == 0) Evaluate(reporter);
        reporter.RestartClock();
        int epoch = -1;
        for (int enqueued = StepsDone; StepsDone < Steps;)
        {
            if (enqueued / _batchesPerEpoch != epoch)
            {
                epoch = enqueued / _batchesPerEpoch;
                BeginEpoch(epoch, isResumed: enqueued % _batchesPerEpoch != 0);
            }
            EnqueueStep(++enqueued);
            FinishStep(enqueued, reporter, metrics, cancellation);
        }
        _folder.Flush();
        _folder.Finish(_inputs);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _dev?.Dispose();
        _step.Dispose();
        BatchSource.Dispose();
        _masking?.Dispose();
        _bert.Dispose();
        if (_ownsBackend) _backend.Dispose();
        _lock.Dispose();
    }

    static Trainer Open(
        TrainingJob job,
        Func<BertConfig, (IBackend Backend, ElementType Stored)> openDevice,
        SentenceReader reader,
        bool ownsBackend)
    {
        ArgumentNullException.ThrowIfNull(job);
        RunFolder.Check(job);
        RunLock runLock = new(job.Output);
        IBackend? opened = null;
        try
        {
            runLock.TakeIfFolderExists();
            RunFolder.CheckUnused(job);
            job = job with { Data = InputFiles.Expand(job.Data, reader) };
            TrainingInputs inputs = TrainingInputs.Read(job, reader);
            (opened, ElementType stored) = openDevice(inputs.Source.Config);
            return new Trainer(job, inputs, runLock, opened, stored, ownsBackend);
        }
        catch
        {
            runLock.Dispose();
            if (ownsBackend) opened?.Dispose();
            throw;
        }
    }

    static int CountSteps(TrainingOptions options, int batchesPerEpoch)
    {
        long steps = options.MaxSteps ?? (long)options.Epochs * batchesPerEpoch;
        if (options.Warmup > 0 && options.Warmup >= steps)
            throw new UsageException($"--warmup {options.Warmup}: the run has {steps} steps, expected fewer");
        if (steps <= int.MaxValue) return (int)steps;
        throw new UsageException($"--epochs {options.Epochs}: makes {steps} steps, expected at most {int.MaxValue}");
    }

    /// <summary>
    /// Sets the order of an epoch. The queue is emptied, but not where a run resumes within the epoch.
    /// </summary>
    void BeginEpoch(int epoch, bool isResumed)
    {
        BatchSource.SetEpochOrder(_inputs.Corpus.Order(_options.Seed, epoch, _options.Shuffle));
        if (_options.QueueReset == QueueReset.Epoch && !isResumed) _step.ResetQueue();
    }

    void EnqueueStep(int step)
    {
        _step.Run(BatchSource, step);
        _step.Results.Enqueue();
    }

    /// <summary>
    /// Reports, evaluates and saves after a step was enqueued. The device runs a step while the one before is reported,
    /// except where the step itself is evaluated, saved or the last.
    /// </summary>
    void FinishStep(int step, StepReporter reporter, MetricsFile metrics, CancellationToken cancellation)
    {
        _folder.ThrowIfFailed();
        bool evaluates = IsDue(step, _options.EvaluateEvery), saves = IsDue(step, _options.SaveEvery);
        reporter.ReportSteps(waitForNewest: evaluates || saves);
        if (evaluates) Evaluate(reporter);
        bool stops = cancellation.IsCancellationRequested;
        if (stops) reporter.ReportSteps(waitForNewest: true);
        StepsDone = reporter.Done;
        if (saves || stops) _folder.Save(StepsDone, metrics.Written);
        if (stops) _folder.Flush();
        if (StepsDone < Steps && stops) cancellation.ThrowIfCancellationRequested();
        if (evaluates || saves) reporter.RestartClock();
    }

    bool IsDue(int step, int every) => step % every == 0 || step == Steps;

    void Evaluate(StepReporter reporter)
    {
        if (_dev is not null) reporter.ReportEvaluation(_dev.Compute(_bert.Weights));
    }
}
