using System.CommandLine;
using System.Globalization;
using EsimCse.Core.Backend;
using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>The knobs of a run as options; what is not given is the recipe's.</summary>
sealed class TrainCommandOptions
{
    readonly Option<string> _recipe = Among("--recipe", "Settings of a published run.", "bert-base", Recipes.Names);
    readonly Option<string?> _pooler = CommonOptions.Pooler("How sentences are pooled: cls by default, whatever the folder says.");
    readonly Option<bool?> _headInTrainingOnly = CommonOptions.Flag("--mlp-only-train", "The head serves training only (true).");
    readonly Option<string> _headInit = Among("--head-init", "Where the head starts.", "random", "random", "checkpoint");
    readonly Option<int?> _batchSize = CommonOptions.Number("--batch-size", "Sentences a step (64).", 1), _epochs = CommonOptions.Number("--epochs", "Passes over the data (1).", 1);
    readonly Option<int?> _maxSteps = CommonOptions.Number("--max-steps", "Steps, in place of the epochs'.", 1);
    readonly Option<float?> _learningRate = CommonOptions.Real<float>("--learning-rate", "Of the first step (3e-5).", value => value > 0, "above 0");
    readonly Option<float?> _weightDecay = CommonOptions.Real<float>("--weight-decay", "Of matrices and embeddings (0).", value => value >= 0, "at least 0");
    readonly Option<int?> _maxLength = CommonOptions.MaxLength("Tokens of a training sentence (32).");
    readonly Option<float?> _temperature = CommonOptions.Real<float>("--temperature", "Of the cosines (0.05).", value => value > 0, "above 0");
    readonly Option<float?> _dropout = CommonOptions.Real<float>("--dropout", "Hidden and attention (0.1).", value => value is >= 0 and < 1, "0 or above, below 1");
    readonly Option<string> _repetition = Among("--repetition", "How the second view differs.", "subword", "none", "subword", "word", "insert", "mask", "stopword", "delete");
    readonly Option<double?> _rate = CommonOptions.Real<double>("--repetition-rate", "Share of the pieces (0.32).", value => value is >= 0 and <= 1, "0 to 1");
    readonly Option<string> _formula = Among("--repetition-formula", "The published code's or the paper's.", "official", "official", "paper");
    readonly Option<string> _draw = Among("--repetition-draw", "Once for all, or each step anew.", "once", "once", "step");
    readonly Option<int?> _queueSize = CommonOptions.Number("--queue-size", "Negatives of earlier steps (160); 0: none.", 0);
    readonly Option<float?> _momentum = CommonOptions.Real<float>("--momentum", "Of the momentum encoder (0.995).", value => value is >= 0 and <= 1, "0 to 1");
    readonly Option<string> _momentumInit = Among("--momentum-init", "Where the momentum encoder starts.", "pretrained", "pretrained", "random");
    readonly Option<string> _queueReset = Among("--queue-reset", "When the queue is emptied.", "epoch", "epoch", "never");
    readonly Option<int?> _evalEvery = CommonOptions.Number("--eval-every", "Steps from one evaluation to the next (125).", 1);
    readonly Option<int?> _saveEvery = CommonOptions.Number("--save-every", "Steps from one checkpoint to the next (500).", 1);
    readonly Option<ulong?> _seed = CommonOptions.Numeric<ulong>("--seed", "Of every draw (42).", NumberStyles.None, _ => true, $"a whole number of at most {ulong.MaxValue}");
    readonly Option<bool?> _shuffle = CommonOptions.Flag("--shuffle", "Shuffle each epoch (true).");

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _recipe, _pooler, _headInTrainingOnly, _headInit, _batchSize, _epochs, _maxSteps, _learningRate, _weightDecay, _maxLength, _temperature,
            _dropout, _repetition, _rate, _formula, _draw, _queueSize, _momentum, _momentumInit, _queueReset, _evalEvery, _saveEvery, _seed, _shuffle })
            command.Add(option);
    }

    public TrainingOptions Read(ParseResult parsed)
    {
        TrainingOptions recipe = Recipes.Get(parsed.GetValue(_recipe)!);
        return recipe with
        {
            Pooler = CommonOptions.ParsePooler(parsed.GetValue(_pooler)) ?? recipe.Pooler,
            MlpOnlyTrain = parsed.GetValue(_headInTrainingOnly) ?? recipe.MlpOnlyTrain,
            HeadFromCheckpoint = parsed.GetValue(_headInit) == "checkpoint",
            BatchSize = parsed.GetValue(_batchSize) ?? recipe.BatchSize,
            Epochs = parsed.GetValue(_epochs) ?? recipe.Epochs,
            MaxSteps = parsed.GetValue(_maxSteps),
            LearningRate = parsed.GetValue(_learningRate) ?? recipe.LearningRate,
            WeightDecay = parsed.GetValue(_weightDecay) ?? recipe.WeightDecay,
            MaxLength = parsed.GetValue(_maxLength) ?? recipe.MaxLength,
            Temperature = parsed.GetValue(_temperature) ?? recipe.Temperature,
            Dropout = parsed.GetValue(_dropout) ?? recipe.Dropout,
            Repetition = Enum.Parse<Augmentation>(parsed.GetValue(_repetition)!, ignoreCase: true),
            RepetitionRate = parsed.GetValue(_rate) ?? recipe.RepetitionRate,
            PaperFormula = parsed.GetValue(_formula) == "paper",
            DrawEachStep = parsed.GetValue(_draw) == "step",
            QueueSize = parsed.GetValue(_queueSize) ?? recipe.QueueSize,
            Momentum = parsed.GetValue(_momentum) ?? recipe.Momentum,
            RandomMomentum = parsed.GetValue(_momentumInit) == "random",
            KeepQueue = parsed.GetValue(_queueReset) == "never",
            EvaluateEvery = parsed.GetValue(_evalEvery) ?? recipe.EvaluateEvery,
            SaveEvery = parsed.GetValue(_saveEvery) ?? recipe.SaveEvery,
            Seed = parsed.GetValue(_seed) ?? recipe.Seed,
            Shuffle = parsed.GetValue(_shuffle) ?? recipe.Shuffle,
        };
    }

    static Option<string> Among(string name, string description, string standard, params string[] values) =>
        new Option<string>(name) { Description = $"{description} One of {string.Join(", ", values)}.", DefaultValueFactory = _ => standard }.Checked(values.Contains, string.Join(", ", values));
}
