using System.CommandLine;
using System.CommandLine.Parsing;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>The options of <see cref="TrainingOptionTable"/>. Those not given are the recipe's.</summary>
sealed class TrainCommandOptions
{
    static readonly TrainingOptions Defaults = new();

    readonly Option<string?> _recipe = CreateRecipe();

    readonly (TrainingOption Row, Option<string?> Option)[] _options =
        [.. TrainingOptionTable.Rows.Select(row => (row, Create(row)))];

    public void AddTo(Command command)
    {
        command.Add(_recipe);
        foreach ((_, Option<string?> option) in _options) command.Add(option);
    }

    /// <summary>Returns the names of the options that the command line has.</summary>
    public IEnumerable<string> Given(ParseResult parsed) =>
        _options.Where(row => parsed.GetValue(row.Option) is not null).Select(row => row.Row.Name);

    /// <summary>Reads the options for a model. Rows of several texts are not augmented by default.</summary>
    public TrainingOptions Read(ParseResult parsed, BertConfig config, bool isSupervised)
    {
        TrainingOptions options = Recipes.Get(parsed.GetValue(_recipe) ?? Recipes.NameFor(config));
        if (isSupervised) options = options with { Repetition = Augmentation.None };
        foreach ((TrainingOption row, Option<string?> option) in _options)
            if (parsed.GetValue(option) is { } text) options = row.With(options, text);
        return options;
    }

    static Option<string?> CreateRecipe()
    {
        string names = string.Join(", ", Recipes.Names);
        Option<string?> recipe = new("--recipe")
        {
            Description = "Settings of a published run; other options override them. "
                + $"One of {names}; by default the one of the model's family and size.",
        };
        return recipe.Checked(name => Recipes.Names.Contains(name), names);
    }

    static Option<string?> Create(TrainingOption row)
    {
        string names = row.Names.Count > 0 ? $" One of {string.Join(", ", row.Names)}." : "";
        string standard = row.Format(Defaults) is { } value ? $" [default: {value}]" : "";
        return new Option<string?>(row.Name)
        {
            Description = $"{row.Help}.{names}{standard}",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Parse(row, result),
        };
    }

    /// <summary>Returns the option's text once it is found to be allowed.</summary>
    static string? Parse(TrainingOption row, ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        try
        {
            row.With(Defaults, text);
            return text;
        }
        catch (UsageException error)
        {
            result.AddError(error.Message);
            return null;
        }
    }
}
