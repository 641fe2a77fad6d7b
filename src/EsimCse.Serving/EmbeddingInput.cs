using System.Text.Json;

namespace EsimCse.Serving;

/// <summary>An input of a request: a text, or token ids with the special tokens.</summary>
/// <param name="Text">The text; null for ids.</param>
/// <param name="Ids">The ids; null for a text.</param>
readonly record struct EmbeddingInput(string? Text, int[]? Ids)
{
    const string Expected = "a string, strings, token ids, or lists of token ids";

    /// <summary>Reads a field that holds an input or a list of inputs.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="name">The name of the field.</param>
    /// <param name="maxInputs">Inputs at most.</param>
    /// <exception cref="RequestException">It is missing, empty, too long, or holds anything else.</exception>
    public static EmbeddingInput[] Read(RequestFields fields, string name, int maxInputs)
    {
        JsonElement value = fields.Require(name, Expected);
        string path = fields.Path(name);
        if (value.ValueKind == JsonValueKind.String) return [OfText(value, path)];
        if (value.ValueKind != JsonValueKind.Array)
            throw RequestException.Malformed(path, RequestFields.Describe(value), Expected);
        int count = value.GetArrayLength();
        if (count == 0) throw RequestException.Malformed(path, "an empty list", Expected);
        if (value[0].ValueKind == JsonValueKind.Number) return [OfIds(value, path)];
        RequireFew(count, path, maxInputs);
        EmbeddingInput[] inputs = new EmbeddingInput[count];
        foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
            inputs[index] = OfItem(item, $"{path}[{index}]");
        return inputs;
    }

    /// <summary>Reads a field that holds a text or a list of texts.</summary>
    /// <inheritdoc cref="Read"/>
    public static string[] ReadTexts(RequestFields fields, string name, int maxInputs)
    {
        const string expected = "a string or strings";
        JsonElement value = fields.Require(name, expected);
        string path = fields.Path(name);
        if (value.ValueKind == JsonValueKind.String) return [RequestFields.Text(value, path)];
        if (value.ValueKind != JsonValueKind.Array)
            throw RequestException.Malformed(path, RequestFields.Describe(value), expected);
        int count = value.GetArrayLength();
        if (count == 0) throw RequestException.Malformed(path, "an empty list", expected);
        RequireFew(count, path, maxInputs);
        return [.. value.EnumerateArray().Select((item, index) => RequestFields.Text(item, $"{path}[{index}]"))];
    }

    static EmbeddingInput OfItem(JsonElement item, string path) =>
        item.ValueKind == JsonValueKind.Array ? OfIds(item, path) : OfText(item, path);

    static EmbeddingInput OfText(JsonElement value, string path) => new(RequestFields.Text(value, path), Ids: null);

    static EmbeddingInput OfIds(JsonElement list, string path)
    {
        int[] ids = new int[list.GetArrayLength()];
        if (ids.Length == 0) throw RequestException.Malformed(path, "an empty list", "token ids");
        foreach ((int index, JsonElement item) in list.EnumerateArray().Index())
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out ids[index]))
                throw RequestException.Malformed($"{path}[{index}]", RequestFields.Describe(item), "a token id");
        return new(Text: null, ids);
    }

    static void RequireFew(int count, string path, int maxInputs)
    {
        if (count > maxInputs) throw RequestException.TooLarge(path, $"{count} inputs", $"at most {maxInputs}");
    }
}
