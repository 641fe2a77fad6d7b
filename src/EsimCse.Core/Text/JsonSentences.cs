using System.Text.Json;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>
/// The sentences of a file of JSON values: a string is one, of an object the column. The first object determines the
/// default column.
/// </summary>
/// <param name="name">Name of the file, for errors.</param>
/// <param name="column">The column's name; null for the default.</param>
/// <param name="keep">The names of the columns that are carried along; null for none.</param>
sealed class JsonSentences(string name, string? column, IReadOnlyList<string>? keep = null)
{
    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    readonly bool _isNamed = column is not null;
    string? _column = column;

    /// <summary>Returns the sentence of a value.</summary>
    /// <param name="json">The value's text.</param>
    /// <param name="line">The line on which it starts.</param>
    /// <exception cref="InvalidInputException">
    /// The text is not valid JSON, the column is missing or not a string, or one that is carried along is missing.
    /// </exception>
    /// <exception cref="UsageException">There is no default column.</exception>
    public SentenceRow Read(string json, long line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            JsonElement root = document.RootElement;
            KeptValue[]? kept = keep is { Count: > 0 } ? ReadKept(root, line) : null;
            return new(ReadSentence(root, line), new(name, line)) { Kept = kept };
        }
        catch (JsonException error)
        {
            long errorLine = line + (error.LineNumber ?? 0);
            string problem = JsonFile.Shorten(error);
            throw new InvalidInputException($"{name}, line {errorLine}: not valid JSON: {problem}", error);
        }
        catch (InvalidOperationException error)
        {
            // A string with an escaped half of a surrogate pair.
            throw new InvalidInputException($"{name}, line {line}: not valid Unicode: {error.Message}", error);
        }
    }

    string ReadSentence(JsonElement value, long line)
    {
        bool isObject = value.ValueKind == JsonValueKind.Object;
        if (isObject)
        {
            _column ??= ChooseColumn(value, line);
            return value.TryGetProperty(_column, out JsonElement property)
                ? ReadString(property, line, $" as '{_column}'")
                : throw Missing(value, line, _column);
        }
        if (!_isNamed) return ReadString(value, line, " or an object with one");
        throw Wrong(line, Describe(value), $"an object with '{_column}'");
    }

    KeptValue[] ReadKept(JsonElement value, long line)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Wrong(line, Describe(value), $"an object with '{keep![0]}'");
        return [.. keep!.Select(Find)];

        KeptValue Find(string column) =>
            value.TryGetProperty(column, out JsonElement property)
                ? KeptValue.From(property)
                : throw Missing(value, line, column);
    }

    string ChooseColumn(JsonElement row, long line)
    {
        JsonProperty[] properties = [.. row.EnumerateObject()];
        string[] columns = [.. properties.Select(property => property.Name)];
        string[] strings = [.. properties.Where(IsString).Select(property => property.Name)];
        return DefaultColumn.Choose(columns, strings, $"{name}, line {line}")
            ?? throw Missing(row, line, expected: "text");

        static bool IsString(JsonProperty property) => property.Value.ValueKind == JsonValueKind.String;
    }

    string ReadString(JsonElement value, long line, string place)
    {
        if (value.ValueKind == JsonValueKind.String) return value.GetString()!;
        throw Wrong(line, Describe(value), "a string" + place);
    }

    InvalidInputException Missing(JsonElement row, long line, string expected)
    {
        string[] columns = [.. row.EnumerateObject().Select(property => property.Name)];
        string found = columns.Length == 0 ? "an object without columns" : $"columns {DefaultColumn.Quote(columns)}";
        return Wrong(line, found, $"'{expected}'");
    }

    InvalidInputException Wrong(long line, string found, string expected) =>
        new($"{name}, line {line}: found {found}, expected {expected}");

    static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
