using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace EsimCse.Core.Files;

/// <summary>
/// Reads JSON files of other programs and reports every error, with the file's name, when the file is read.
/// </summary>
static class JsonFile
{
    const int LongestMessage = 160;
    const int LongestExcerpt = 60;

    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a file. Who reads an object looks for names that it has twice.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing or not valid JSON, or has a string that is not valid Unicode.
    /// </exception>
    public static JsonElement Read(string path) => Read(path, json => JsonElement.Parse(json));

    /// <summary>Reads a file that holds a JSON object, to change it. No object in it has a name twice.</summary>
    /// <exception cref="InvalidInputException">The file is missing, not valid JSON, or not an object.</exception>
    public static JsonObject ReadObject(string path) =>
        Read(path, json => JsonNode.Parse(json, documentOptions: Strict)) as JsonObject ?? throw NoObject(path);

    /// <summary>Returns the error of a file that holds another value than an object.</summary>
    public static InvalidInputException NoObject(string path) => new($"{path}: expected a JSON object");

    /// <summary>Returns a JSON string's text; null for anything else.</summary>
    public static string? Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Returns an id, a whole number that is not negative; null for anything else.</summary>
    public static int? Id(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0 ? id : null;

    /// <summary>Returns a value on one line, with text as it is, for messages.</summary>
    public static string Quote(JsonElement value)
    {
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter writer = new(bytes, Readable)) value.WriteTo(writer);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>Returns the start of a text, for messages.</summary>
    public static string Excerpt(string text) =>
        text.Length <= LongestExcerpt ? text : text[..LongestExcerpt] + "…";

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

    static T Read<T>(string path, Func<ReadOnlySpan<byte>, T> parse)
    {
        InputFile.Require(path);
        try
        {
            ReadOnlySpan<byte> json = File.ReadAllBytes(path);
            if (json.StartsWith(InputFile.ByteOrderMark)) json = json[InputFile.ByteOrderMark.Length..];
            CheckStrings(json);
            return parse(json);
        }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidInputException($"{path}: not valid JSON: {Describe(error)}", error);
        }
    }

    /// <summary>Decodes every name and string, which is done on first use only otherwise.</summary>
    static void CheckStrings(ReadOnlySpan<byte> json)
    {
        bool isUtf8 = Utf8.IsValid(json);
        Utf8JsonReader reader = new(json);
        char[] buffer = new char[1024];
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String)) continue;
            // In valid UTF-8 only an escape can be half a surrogate pair.
            if (isUtf8 && !reader.ValueIsEscaped) continue;
            // No string has more characters than bytes.
            if (reader.ValueSpan.Length > buffer.Length) buffer = new char[2 * reader.ValueSpan.Length];
            reader.CopyString(buffer);
        }
    }
}
