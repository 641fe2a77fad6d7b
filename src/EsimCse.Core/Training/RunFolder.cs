using System.Globalization;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// The folder that a run writes: checkpoints to go on from, the best parameters so far, and the model in the end. Inputs are the digests of what the run reads,
/// under the names of the command line.
/// </summary>
sealed class RunFolder(TrainingJob job, BertParameters bert, TrainingStep step, IReadOnlyDictionary<string, string> inputs, int steps)
{
    const string TuningKey = "tuning", StepsKey = "steps";

    readonly string _checkpoints = Checkpoints(job);

    string BestPath => Path.Combine(_checkpoints, "best.safetensors");

    /// <summary>The earliest of the best scores, and its step.</summary>
    public (double Score, int Step)? Best { get; private set; }

    /// <summary>What a resumed run's owner should know; null for nothing.</summary>
    public string? ResumeWarning { get; private set; }

    /// <summary>Refuses options out of their range, and an output that is in use.</summary>
    public static void Check(TrainingJob job)
    {
        job.Options.Check();
        if (File.Exists(job.Output)) throw new UsageException($"{job.Output}: found a file, expected a folder or nothing");
        if (job.Model is not null && FullPath(job.Model) == FullPath(job.Output)) throw new UsageException($"{job.Output}: is the model that training starts from, expected another folder");
        if (job.Resume || job.Overwrite) return;
        if (Checkpoint.Steps(Checkpoints(job)).Count > 0 || File.Exists(Path.Combine(job.Output, "model.safetensors")))
            throw new UsageException($"{job.Output}: holds a run already: go on with --resume, or start anew with --overwrite");
    }

    /// <summary>Clears or takes up what an earlier run left; the steps already done.</summary>
    public int Open()
    {
        Directory.CreateDirectory(job.Output);
        if (job.Resume && Checkpoint.OpenNewest(_checkpoints) is { } newest)
            using (newest.File)
                return Resume(newest.Step, newest.File);
        if (Directory.Exists(_checkpoints)) Directory.Delete(_checkpoints, recursive: true);
        if (job.Overwrite) File.Delete(Path.Combine(job.Output, "model.safetensors"));
        foreach (string leftover in Directory.GetFiles(job.Output, "*" + AtomicFile.TemporarySuffix)) File.Delete(leftover);
        return 0;
    }

    /// <summary>True for a run at its end whose model is written.</summary>
    public bool IsFinished(int done) => done >= steps && File.Exists(Path.Combine(job.Output, "model.safetensors"));

    /// <summary>Keeps the parameters if their score is better than any before.</summary>
    public void KeepIfBest(double score, int at)
    {
        if (Best is { } best && !(score > best.Score) || double.IsNaN(score)) return;
        Best = (score, at);
        Directory.CreateDirectory(_checkpoints);
        Checkpoint.Write(BestPath, bert.Backend, [("parameters", bert.Weights.Arena)], Metadata());
    }

    /// <summary>Writes a checkpoint.</summary>
    public void Save(int done) => Checkpoint.Save(_checkpoints, done, bert.Backend, step.State, Metadata());

    /// <summary>Writes the model: the best by dev score, else the last.</summary>
    public void Finish(TrainingSource source, BertTokenizer tokenizer)
    {
        if (Best is not null)
        {
            using SafetensorsFile best = SafetensorsFile.Open(BestPath);
            Checkpoint.Load(best, bert.Backend, [("parameters", bert.Weights.Arena)]);
        }
        List<TensorToWrite> tensors = [.. bert.Layout.Tensors.Select(tensor => TensorToWrite.Floats(tensor.Name, tensor.Shape, () => bert.Get(tensor)))];
        if (!bert.Layout.HasHead) tensors.AddRange(source.UntrainedHead());
        ModelFolderWriter.Write(job.Output, (source.ConfigPath, source.TokenizerPath), tensors, job.Options.SavedPooler, source.FullLength(tokenizer));
    }

    static string Checkpoints(TrainingJob job) => Path.Combine(job.Output, "checkpoints");

    static string FullPath(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    int Resume(int newest, SafetensorsFile file)
    {
        foreach (string leftover in Directory.GetFiles(_checkpoints, "*" + AtomicFile.TemporarySuffix)) File.Delete(leftover);
        foreach ((string name, string value) in Identity())
            if (file.Metadata.TryGetValue(name, out string? before) && before != value)
                throw new UsageException($"{job.Output}: {(name == StepsKey ? job.Options.MaxSteps is null ? "--epochs: steps in all" : "--max-steps" : name)} was {before}, is {value}: a resumed run keeps it");
        if (file.Metadata.GetValueOrDefault(TuningKey, "") != bert.Backend.MatmulTuningHash)
            ResumeWarning = "the matrix products were tuned otherwise when this run began: it goes on, but not to the bits of an uninterrupted one";
        Checkpoint.Load(file, bert.Backend, step.State);
        step.RefreshShadows();
        if (File.Exists(BestPath))
        {
            using SafetensorsFile best = SafetensorsFile.Open(BestPath);
            Best = (double.Parse(best.Metadata["best_score"], CultureInfo.InvariantCulture), int.Parse(best.Metadata["best_step"], CultureInfo.InvariantCulture));
        }
        return newest;
    }

    Dictionary<string, string> Metadata()
    {
        Dictionary<string, string> metadata = Identity();
        metadata[TuningKey] = bert.Backend.MatmulTuningHash;
        if (Best is not { } best) return metadata;
        metadata["best_score"] = best.Score.ToString("R", CultureInfo.InvariantCulture);
        metadata["best_step"] = best.Step.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }

    /// <summary>Everything that the result depends on, under the names of the command line; what others change with them comes last.</summary>
    Dictionary<string, string> Identity()
    {
        TrainingOptions o = job.Options;
        Dictionary<string, string> identity = new()
        {
            ["num_attention_heads"] = Text(bert.Config.Heads),
            ["layer_norm_eps"] = Text(bert.Config.LayerNormEpsilon),
            ["--precision"] = bert.Weights.Type.Name(),
            ["--pooler"] = o.Pooler.Name,
            ["--mlp-only-train"] = Text(o.MlpOnlyTrain),
            ["--head-init"] = Text(o.HeadFromCheckpoint),
            ["--batch-size"] = Text(o.BatchSize),
            ["--learning-rate"] = Text(o.LearningRate),
            ["--weight-decay"] = Text(o.WeightDecay),
            ["--max-length"] = Text(o.MaxLength),
            ["--temperature"] = Text(o.Temperature),
            ["--dropout"] = Text(o.Dropout),
            ["--repetition"] = o.Repetition.ToString(),
            ["--repetition-rate"] = Text(o.RepetitionRate),
            ["--repetition-formula"] = Text(o.PaperFormula),
            ["--repetition-draw"] = Text(o.DrawEachStep),
            ["--queue-size"] = Text(o.QueueSize),
            ["--momentum"] = Text(o.Momentum),
            ["--momentum-init"] = Text(o.RandomMomentum),
            ["--queue-reset"] = Text(o.KeepQueue),
            ["--eval-every"] = Text(o.EvaluateEvery),
            ["--eval-data"] = Text(job.EvaluationData is not null),
            ["--seed"] = Text(o.Seed),
            ["--shuffle"] = Text(o.Shuffle),
            [StepsKey] = Text(steps),
        };
        foreach ((string name, string digest) in inputs) identity[name] = digest;
        return identity;
    }

    static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    static string Text(bool value) => value ? "true" : "false";
}
