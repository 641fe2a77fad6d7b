using System.Diagnostics.CodeAnalysis;

namespace EsimCse.Core.Training;

/// <summary>A property of <see cref="TrainingOptions"/> by its command-line name.</summary>
/// <param name="name">The name with its dashes.</param>
/// <param name="help">One sentence without its full stop.</param>
/// <param name="changesResult">Whether the trained weights depend on it, so that a resumed run must keep it.</param>
abstract class TrainingOption(string name, string help, bool changesResult)
{
    public string Name { get; } = name;

    public string Help { get; } = help;

    public bool ChangesResult { get; } = changesResult;

    /// <summary>The allowed values by name, where there is a list; else empty.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    /// <summary>Returns the text form of the property's value; null where it has none.</summary>
    public abstract string? Format(TrainingOptions options);

    /// <summary>Returns the options with the property set to a value given as text.</summary>
    /// <exception cref="UsageException">The text is malformed or out of range.</exception>
    public abstract TrainingOptions With(TrainingOptions options, string text);

    /// <summary>Checks the property's range.</summary>
    /// <exception cref="UsageException">The value is out of range.</exception>
    public abstract void Check(TrainingOptions options);
}

/// <summary>A row whose property is of type T.</summary>
sealed class TrainingOption<T>(
    string name,
    string help,
    OptionValues<T> values,
    Func<TrainingOptions, T> get,
    Func<TrainingOptions, T, TrainingOptions> with,
    bool changesResult) : TrainingOption(name, help, changesResult)
{
    public override IReadOnlyList<string> Names => values.Names;

    public override string? Format(TrainingOptions options) => get(options) is { } value ? values.Format(value) : null;

    public override TrainingOptions With(TrainingOptions options, string text)
    {
        if (!values.TryParse(text, out T? value) || !values.IsAllowed(value)) ThrowUnexpected(text);
        return with(options, value);
    }

    public override void Check(TrainingOptions options)
    {
        T value = get(options);
        if (!values.IsAllowed(value)) ThrowUnexpected(values.Format(value));
    }

    [DoesNotReturn]
    void ThrowUnexpected(string found) =>
        throw new UsageException($"{Name}: found {found}, expected {values.Expected}");
}
