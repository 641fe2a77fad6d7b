using System.Text.Json;
using System.Text.Json.Nodes;

namespace EsimCse.Core.Files;

/// <summary>JSON that others wrote: whatever is wrong with it is said when it is read, with its file's name.</summary>
static class JsonFile
{
    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The file's content; null for the JSON null.</summary>
    /// <exception cref="InvalidInputException">The file is missing, no JSON, or holds text that is no text.</exception>
    public static JsonNode? Read(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file");
        try
        {
            byte[] json = File.ReadAllBytes(path);
            // Nodes decode names and strings when they are asked for, long after this.
            for (Utf8JsonReader reader = new(json); reader.Read();)
                if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String) _ = reader.GetString();
            return JsonNode.Parse(json, documentOptions: Strict);
        }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidInputException($"{path}: not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>Reads a file that holds a JSON object.</summary>
    /// <exception cref="InvalidInputException">The file is missing or holds something else.</exception>
    public static JsonObject ReadObject(string path) =>
        Read(path) as JsonObject ?? throw new InvalidInputException($"{path}: expected a JSON object");
}
