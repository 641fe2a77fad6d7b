using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>
/// Options and inputs that determine the result of a run, by command-line name. A resumed run must keep them.
/// </summary>
sealed class RunIdentity
{
    const string StepsKey = "steps";

    readonly TrainingJob _job;
    readonly Dictionary<string, string> _values;

    /// <summary>Collects the identity of a run. Inputs: digests of the files it reads, by command-line name.</summary>
    public RunIdentity(TrainingJob job, BertParameters bert, IReadOnlyDictionary<string, string> inputs, int steps)
    {
        _job = job;
        _values = new()
        {
            ["num_attention_heads"] = bert.Config.Heads.ToString(CultureInfo.InvariantCulture),
            ["layer_norm_eps"] = bert.Config.LayerNormEpsilon.ToString(CultureInfo.InvariantCulture),
            ["--precision"] = bert.Weights.Type.Name(),
        };
        foreach (TrainingOption option in TrainingOptionTable.Rows)
            if (option.ChangesResult) _values[option.Name] = option.Format(job.Options) ?? "none";
        _values["--eval-data"] = job.EvaluationData is null ? "false" : "true";
        // Behind the options that change it with them, so that a message names those.
        _values[StepsKey] = steps.ToString(CultureInfo.InvariantCulture);
        foreach ((string name, string digest) in inputs) _values[name] = digest;
    }

    /// <summary>Returns a copy of the values, for a checkpoint's metadata.</summary>
    public Dictionary<string, string> ToMetadata() => new(_values);

    /// <summary>Compares the values with those in a checkpoint's metadata.</summary>
    /// <exception cref="UsageException">One has changed; the message names the first.</exception>
    public void Check(IReadOnlyDictionary<string, string> metadata)
    {
        foreach ((string name, string value) in _values)
            if (metadata.TryGetValue(name, out string? before) && before != value) ThrowChanged(name, before, value);
    }

    [DoesNotReturn]
    void ThrowChanged(string name, string before, string value)
    {
        if (name == StepsKey) name = _job.Options.MaxSteps is null ? "--epochs: number of steps" : "--max-steps";
        throw new UsageException($"{_job.Output}: {name} was {before}, is {value}: a resumed run must keep it");
    }
}
