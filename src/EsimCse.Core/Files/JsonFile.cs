using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EsimCse.Core.Files;

/// <summary>
/// Reads JSON files of other programs and reports every error, with the file's name, when the file is read.
/// </summary>
static class JsonFile
{
    const int LongestMessage = 160;

    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Options that write text as it is, for messages.</summary>
    public static JsonSerializerOptions Readable { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a file; null for the JSON value null.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing or not valid JSON, or has a string that is not valid Unicode.
    /// </exception>
    public static JsonNode? Read(string path)
    {
        InputFile.Require(path);
        try
        {
            ReadOnlySpan<byte> json = File.ReadAllBytes(path);
            if (json.StartsWith(InputFile.ByteOrderMark)) json = json[InputFile.ByteOrderMark.Length..];
            CheckStrings(json);
            return JsonNode.Parse(json, documentOptions: Strict);
        }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidInputException($"{path}: not valid JSON: {Describe(error)}", error);
        }
    }

    /// <summary>Reads a file that holds a JSON object.</summary>
    /// <exception cref="InvalidInputException">The file is missing, not valid JSON, or not an object.</exception>
    public static JsonObject ReadObject(string path) =>
        Read(path) as JsonObject ?? throw new InvalidInputException($"{path}: expected a JSON object");

    /// <summary>Returns a JSON string's text; null for anything else.</summary>
    public static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>Returns an error's line and message.</summary>
    public static string Describe(Exception error) => error is JsonException { LineNumber: { } line }
        ? $"line {line + 1}: {Shorten(error)}"
        : Shorten(error);

    /// <summary>Returns an error's message without its place; it may quote the rest of the file.</summary>
    public static string Shorten(Exception error)
    {
        const int half = LongestMessage / 2;
        string message = error.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
        return message.Length > LongestMessage ? $"{message[..half]}…{message[^half..]}" : message;
    }

    /// <summary>Decodes every name and string, which <see cref="JsonNode"/> would do on first use only.</summary>
    static void CheckStrings(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        char[] buffer = new char[1024];
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String)) continue;
            // No string has more characters than bytes.
            if (reader.ValueSpan.Length > buffer.Length) buffer = new char[2 * reader.ValueSpan.Length];
            reader.CopyString(buffer);
        }
    }
}
