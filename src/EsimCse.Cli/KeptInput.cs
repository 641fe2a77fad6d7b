using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCse.Formats;

namespace EsimCse.Cli;

/// <summary>The columns of the input that embed carries along. The name row is the number of the row, from 0.</summary>
/// <param name="names">The names; may be empty.</param>
sealed class KeptInput(string[] names)
{
    /// <summary>The values of rows that were read and not yet written.</summary>
    readonly ConcurrentQueue<(long Number, KeptValue[] Values)> _read = new();

    /// <summary>The names of all columns, row included.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>The columns that the input must have.</summary>
    public string[] Columns => [.. names.Where(name => name != KeptColumns.RowNumber)];

    /// <summary>Whether nothing is carried along.</summary>
    public bool IsEmpty => names.Length == 0;

    /// <summary>The columns for the output.</summary>
    public KeptColumns Output => IsEmpty ? KeptColumns.None : new KeptColumns(names, Next);

    /// <summary>Adds the option to a command and returns its reader.</summary>
    public static Func<ParseResult, KeptInput> AddTo(Command command)
    {
        Option<string?> option = new("--keep")
        {
            Description = "Columns of the input, as A,B, that are carried along into .jsonl and .csv, and as strings " +
                "into .parquet and .arrow; row is the number of the row, from 0, an integer. None by default.",
        };
        command.Add(option.Checked(text => HasNames(text!.Split(',')), "distinct names of columns, as A,B"));
        return parsed => new(parsed.GetValue(option)?.Split(',') ?? []);

        static bool HasNames(string[] names) =>
            names.All(name => name.Length > 0) && names.Distinct().Count() == names.Length;
    }

    /// <summary>Checks that all inputs have columns where some are asked for.</summary>
    /// <exception cref="UsageException">One has none.</exception>
    public void Check(TextInputs inputs)
    {
        if (Columns is not [string first, ..]) return;
        if (inputs.Paths.FirstOrDefault(path => !TableFormats.Reader.HasColumns(path)) is not { } lines) return;
        string found = $"{TextInputs.NameOf(lines)}: found lines of text, which have no columns";
        throw new UsageException($"--keep {first}: {found}");
    }

    /// <summary>Returns rows as they are and stores their values for the output.</summary>
    public IEnumerable<SentenceRow> Record(IEnumerable<SentenceRow> rows) => IsEmpty ? rows : rows.Select(Record);

    SentenceRow Record(SentenceRow row)
    {
        _read.Enqueue((row.Number, row.Kept ?? []));
        return row;
    }

    KeptValue[] Next()
    {
        if (!_read.TryDequeue(out var read)) throw new InvalidOperationException("a vector without a row");
        string row = read.Number.ToString(CultureInfo.InvariantCulture);
        int next = 0;
        return [.. names.Select(Value)];

        KeptValue Value(string name) =>
            name == KeptColumns.RowNumber ? KeptValue.FromScalar(row) : read.Values[next++];
    }
}
