using System.Globalization;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.SentenceTransformers;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>The output folder of a run: checkpoints, the best parameters and, at the end, the model.</summary>
sealed class RunFolder(TrainingJob job, BertParameters bert, TrainingStep step, RunIdentity identity) : IDisposable
{
    const string MatmulTuningKey = "tuning", BestScoreKey = "best_score", BestStepKey = "best_step";

    readonly string _checkpoints = CheckpointFolder(job);
    FileStream? _lock;

    string LockPath => Path.Combine(job.Output, "training.lock");

    string BestPath => Path.Combine(_checkpoints, "best.safetensors");

    /// <summary>The best dev score and the first step that reached it; null before the first evaluation.</summary>
    public (double Score, int Step)? Best { get; private set; }

    /// <summary>A warning about the resumed run; null for none.</summary>
    public string? ResumeWarning { get; private set; }

    /// <summary>Checks the ranges of the options and that the output can be written.</summary>
    /// <exception cref="UsageException">An option is out of range, or the output is in use.</exception>
    public static void Check(TrainingJob job)
    {
        job.Options.Check();
        if (File.Exists(job.Output)) throw Unusable("found a file, expected a folder or nothing");
        if (job.Model is not null && FileIdentity.AreSame(job.Model, job.Output))
            throw Unusable("training starts from this model, expected another folder");
        if (job.Data.FirstOrDefault(file => FileIdentity.Contains(CheckpointFolder(job), file)) is { } data)
            throw Unusable($"the run replaces {data}, which it reads");
        if (job.Resume || job.Overwrite) return;
        if (Checkpoint.Steps(CheckpointFolder(job)).Count > 0 || File.Exists(ModelPath(job)))
            throw Unusable("holds a run: continue it with --resume, or replace it with --overwrite");

        UsageException Unusable(string reason) => new($"{job.Output}: {reason}");
    }

    /// <summary>
    /// Locks the folder, then resumes from the newest checkpoint where the job asks for it, else removes an earlier
    /// run.
    /// </summary>
    /// <returns>The number of steps done.</returns>
    /// <exception cref="IOException">Another run is writing the folder.</exception>
    public int Open()
    {
        Directory.CreateDirectory(job.Output);
        _lock = ExclusiveFile.TryOpen(LockPath)
            ?? throw new IOException($"{job.Output}: in use: another run is writing this folder");
        try
        {
            return ResumeOrClear();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Releases the folder.</summary>
    public void Dispose()
    {
        if (_lock is null) return;
        // While it is still held: another run may take it over afterwards.
        File.Delete(LockPath);
        _lock.Dispose();
        _lock = null;
    }

    /// <summary>Returns whether the model of a finished run is here.</summary>
    public bool IsFinished(int done, int steps) => done >= steps && File.Exists(ModelPath(job));

    /// <summary>Saves the parameters if their score is above all before; a NaN never is.</summary>
    public void KeepIfBest(double score, int done)
    {
        if (Best is { } best && !(score > best.Score) || double.IsNaN(score)) return;
        Best = (score, done);
        Directory.CreateDirectory(_checkpoints);
        Checkpoint.Write(BestPath, bert.Backend, BestState, Metadata());
    }

    /// <summary>Writes a checkpoint.</summary>
    public void Save(int done) => Checkpoint.Save(_checkpoints, done, bert.Backend, step.State, Metadata());

    /// <summary>Writes the model folder: with the best parameters by dev score, else with the last.</summary>
    public void Finish(TrainingSource source, BertTokenizer tokenizer)
    {
        if (Best is not null)
        {
            using SafetensorsFile best = SafetensorsFile.Open(BestPath);
            Checkpoint.Load(best, bert.Backend, BestState);
        }
        List<TensorToWrite> tensors = [.. bert.Layout.Tensors.Select(Tensor)];
        if (!bert.Layout.HasHead) tensors.AddRange(source.UntrainedHead());
        (string Config, string Tokenizer) files = (source.ConfigPath, source.TokenizerPath);
        TransformerSettings settings = new(source.FullLength(tokenizer), source.LowerCase);
        ModelFolderWriter.Write(job.Output, files, tensors, job.Options.SavedPooler, settings);

        TensorToWrite Tensor(ParameterTensor tensor) =>
            TensorToWrite.Floats(tensor.Name, tensor.Shape, () => bert.Get(tensor));
    }

    IReadOnlyList<(string Name, Matrix Matrix)> BestState => [("parameters", bert.Weights.Arena)];

    static string CheckpointFolder(TrainingJob job) => Path.Combine(job.Output, "checkpoints");

    static string ModelPath(TrainingJob job) => Path.Combine(job.Output, "model.safetensors");

    int ResumeOrClear()
    {
        if (job.Resume && Checkpoint.OpenNewest(_checkpoints) is { } newest)
            using (newest.File)
            {
                Resume(newest.File);
                return newest.Step;
            }
        if (Directory.Exists(_checkpoints)) Directory.Delete(_checkpoints, recursive: true);
        if (job.Overwrite) File.Delete(ModelPath(job));
        AtomicFile.DeleteLeftovers(job.Output);
        return 0;
    }

    void Resume(SafetensorsFile checkpoint)
    {
        AtomicFile.DeleteLeftovers(_checkpoints);
        identity.Check(checkpoint.Metadata);
        if (checkpoint.Metadata.GetValueOrDefault(MatmulTuningKey, "") != bert.Backend.MatmulTuningHash)
            ResumeWarning = "the matrix products were tuned differently when this run began: " +
                "it continues, but its result will differ in the last bits from that of an uninterrupted run";
        Checkpoint.Load(checkpoint, bert.Backend, step.State);
        step.RefreshLowPrecision();
        if (!checkpoint.Metadata.ContainsKey(BestScoreKey)) return;
        if (!File.Exists(BestPath))
        {
            bool isFinished = File.Exists(ModelPath(job));
            if (isFinished) return;
            throw new InvalidInputException(
                $"{BestPath}: no such file: the run's best model is gone, start again with --overwrite");
        }
        using SafetensorsFile best = SafetensorsFile.Open(BestPath);
        double score = double.Parse(best.Metadata[BestScoreKey], CultureInfo.InvariantCulture);
        Best = (score, int.Parse(best.Metadata[BestStepKey], CultureInfo.InvariantCulture));
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
