using System.Globalization;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.SentenceTransformers;

namespace EsimCse.Core.Training;

/// <summary>The output folder of a run: checkpoints, the best parameters and, at the end, the model.</summary>
sealed class RunFolder(
    TrainingJob job,
    BertParameters bert,
    TrainingStep step,
    RunIdentity identity,
    RunDescription description) : IDisposable
{
    const string CheckpointsName = "checkpoints";
    const string MatmulTuningKey = "tuning", BestScoreKey = "best_score", BestStepKey = "best_step";

    readonly string _checkpoints = CheckpointFolder(job);
    readonly BackgroundWriter _writer = new("checkpoints");
    Snapshot? _state, _best;
    Dictionary<string, string>? _unsavedBest;

    string BestPath => Path.Combine(_checkpoints, "best.safetensors");

    /// <summary>The best dev score and the first step that reached it; null before the first evaluation.</summary>
    public (double Score, int Step)? Best { get; private set; }

    /// <summary>A warning about the resumed run; null for none.</summary>
    public string? ResumeWarning { get; private set; }

    /// <summary>Names of the files and folders that a run writes, replaces or deletes.</summary>
    public static IEnumerable<string> Names =>
    [
        CheckpointsName, MetricsFile.Name, RunDescription.Name, ModelCard.Name, EventFolder.Name,
        .. ModelFolderWriter.Names,
    ];

    /// <summary>Checks the ranges of the options and that the output can be a folder of its own.</summary>
    /// <exception cref="UsageException">An option is out of range, or the output is not fit.</exception>
    public static void Check(TrainingJob job)
    {
        job.Options.Check();
        if (File.Exists(job.Output))
            throw new UsageException($"{job.Output}: found a file, expected a folder or nothing");
        if (job.Model is not null && FileIdentity.AreSame(job.Model, job.Output))
            throw OutputConflict.StartsFrom(job.Output);
    }

    /// <summary>Checks that the output holds no run, unless the job continues or replaces it.</summary>
    /// <exception cref="UsageException">It holds one.</exception>
    public static void CheckUnused(TrainingJob job)
    {
        if (job.Resume || job.Overwrite) return;
        if (Checkpoint.Steps(CheckpointFolder(job)).Count > 0 || File.Exists(ModelPath(job)))
            throw new UsageException(
                $"{job.Output}: holds a run: continue it with --resume, or replace it with --overwrite");
    }

    /// <summary>
    /// Resumes from the newest checkpoint where the job asks for it, else removes an earlier run. The folder is locked.
    /// </summary>
    /// <param name="steps">Steps of the run in all.</param>
    /// <returns>The number of steps done.</returns>
    public int Open(int steps)
    {
        if (job.Resume && Checkpoint.OpenNewest(_checkpoints) is { } newest)
            using (newest.File)
            {
                bool isFinished = IsFinished(newest.Step, steps);
                Resume(newest.File, isFinished);
                if (!isFinished) description.Write(job.Output);
                return newest.Step;
            }
        if (Directory.Exists(_checkpoints)) Directory.Delete(_checkpoints, recursive: true);
        if (job.Overwrite) File.Delete(ModelPath(job));
        EventFolder.DeleteFrom(job.Output);
        AtomicFile.DeleteLeftovers(job.Output);
        description.Write(job.Output);
        return 0;
    }

    /// <summary>Returns whether the model of a finished run is here.</summary>
    public bool IsFinished(int done, int steps) => done >= steps && File.Exists(ModelPath(job));

    /// <summary>
    /// Keeps a copy of the parameters if their score is above all before; a NaN never is. <see cref="Save"/> writes it.
    /// </summary>
    public void KeepIfBest(double score, int done)
    {
        if (Best is { } best && !(score > best.Score) || double.IsNaN(score)) return;
        Best = (score, done);
        _best ??= new Snapshot(bert.Backend, _writer);
        _unsavedBest = Metadata();
        if (!_best.Take(BestState)) SaveBest();
    }

    /// <summary>
    /// Queues the writing of the best parameters, if they are new, and of a checkpoint. Waits for the checkpoint before
    /// it, if that is not written yet, and for nothing else.
    /// </summary>
    /// <param name="done">Steps done.</param>
    /// <param name="metricsWritten">The writing of the metrics so far, which a resumed run needs.</param>
    /// <exception cref="IOException">An earlier file could not be written.</exception>
    public void Save(int done, Task metricsWritten)
    {
        _state ??= new Snapshot(bert.Backend, _writer);
        _state.Wait();
        SaveBest();
        Dictionary<string, string> metadata = Metadata();
        _state.Take(step.State);
        _state.Write((reader, state) =>
        {
            metricsWritten.GetAwaiter().GetResult();
            Checkpoint.Save(_checkpoints, done, reader, state, metadata);
        });
    }

    /// <summary>Throws the error of a file that could not be written.</summary>
    public void ThrowIfFailed() => _writer.ThrowIfFailed();

    /// <summary>Waits until all files are written.</summary>
    /// <exception cref="IOException">One could not be.</exception>
    public void Flush() => _writer.Flush();

    /// <summary>Waits until all files are written, if they can be.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        _state?.Dispose();
        _best?.Dispose();
    }

    /// <summary>
    /// Writes the model folder: with the best parameters by dev score, else with the last. All files must be written.
    /// </summary>
    public void Finish(TrainingInputs inputs)
    {
        TrainingSource source = inputs.Source;
        if (Best is not null)
        {
            using SafetensorsFile best = SafetensorsFile.Open(BestPath);
            Checkpoint.Load(best, bert.Backend, BestState);
        }
        List<TensorToWrite> tensors = [.. bert.Layout.Tensors.Select(Tensor)];
        tensors.AddRange(inputs.UntrainedHead);
        (string Config, string Tokenizer) files = (source.ConfigPath, source.TokenizerPath);
        TransformerSettings settings = new(source.FullLength(inputs.Tokenizer), source.LowerCase);
        ModelCard.Write(job.Output, description, job.Options.SavedPooler, BestEvaluation());
        ModelFolderWriter.Write(job.Output, files, tensors, job.Options.SavedPooler, settings);

        TensorToWrite Tensor(ParameterTensor tensor) =>
            TensorToWrite.Floats(tensor.Name, tensor.Shape, () => bert.Get(tensor));
    }

    /// <summary>Returns the scores of the best model; metrics.jsonl has all of them.</summary>
    (int Step, DevEvaluation Scores)? BestEvaluation()
    {
        if (Best is not { } best) return null;
        RunMetrics metrics = RunMetrics.Read(Path.Combine(job.Output, MetricsFile.Name));
        DevEvaluation? scores = metrics.Evaluations.FirstOrDefault(evaluation => evaluation.Step == best.Step).Scores;
        return (best.Step, scores ?? new DevEvaluation(best.Score, double.NaN, double.NaN));
    }

    IReadOnlyList<(string Name, Matrix Matrix)> BestState => [("parameters", bert.Weights.Arena)];

    static string CheckpointFolder(TrainingJob job) => Path.Combine(job.Output, CheckpointsName);

    static string ModelPath(TrainingJob job) => Path.Combine(job.Output, "model.safetensors");

    void Resume(SafetensorsFile checkpoint, bool isFinished)
    {
        AtomicFile.DeleteLeftovers(_checkpoints);
        identity.Check(checkpoint.Metadata);
        if (checkpoint.Metadata.GetValueOrDefault(MatmulTuningKey, "") != bert.Backend.MatmulTuningHash)
            ResumeWarning = "the matrix products were tuned differently when this run began: " +
                "it continues, but its result will differ in the last bits from that of an uninterrupted run";
        Checkpoint.Load(checkpoint, bert.Backend, step.State);
        step.RefreshLowPrecision();
        Best = ReadBest(checkpoint.Metadata);
        if (isFinished) return;
        (double Score, int Step)? known = Best;
        using SafetensorsFile? best = File.Exists(BestPath) ? SafetensorsFile.Open(BestPath) : null;
        if (best is not null) Best = ReadBest(best.Metadata);
        // A run that was killed between an evaluation and its checkpoint left a better one than the checkpoint knows.
        bool isGone = known is not null && (best is null || Best is null || Best.Value.Score < known.Value.Score);
        if (isGone) throw BestIsGone(known!.Value.Step);
    }

    /// <summary>Queues the writing of the best parameters if they are not written yet.</summary>
    void SaveBest()
    {
        if (_unsavedBest is not { } metadata) return;
        _unsavedBest = null;
        _best!.Write((reader, parameters) =>
        {
            Directory.CreateDirectory(_checkpoints);
            Checkpoint.Write(BestPath, reader, parameters, metadata);
        });
    }

    static (double Score, int Step)? ReadBest(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(BestScoreKey, out string? score)) return null;
        int step = int.Parse(metadata[BestStepKey], CultureInfo.InvariantCulture);
        return (double.Parse(score, CultureInfo.InvariantCulture), step);
    }

    InvalidInputException BestIsGone(int step)
    {
        string found = File.Exists(BestPath) ? "found another model" : "no such file";
        return new($"{BestPath}: {found}, expected the run's best model, of step {step}: start again with --overwrite");
    }

    Dictionary<string, string> Metadata()
    {
        Dictionary<string, string> metadata = identity.ToMetadata();
        metadata[MatmulTuningKey] = bert.Backend.MatmulTuningHash;
        if (Best is not { } best) return metadata;
        metadata[BestScoreKey] = best.Score.ToString("R", CultureInfo.InvariantCulture);
        metadata[BestStepKey] = best.Step.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }
}
