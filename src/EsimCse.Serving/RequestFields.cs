using System.Text.Json;

namespace EsimCse.Serving;

/// <summary>The fields of a JSON object in a request. Null is the same as a missing field.</summary>
readonly struct RequestFields
{
    /// <summary>Characters of a value that an error shows.</summary>
    const int ShownCharacters = 40;

    readonly JsonElement _object;
    readonly string _prefix;

    /// <summary>Creates the fields of an object.</summary>
    /// <param name="value">The object.</param>
    /// <param name="known">The names of the fields that it may have.</param>
    /// <param name="path">The path of the object in the body; empty for the body itself.</param>
    /// <exception cref="RequestException">It has another field.</exception>
    public RequestFields(JsonElement value, string[] known, string path = "")
    {
        _object = value;
        _prefix = path.Length > 0 ? path + "." : "";
        foreach (JsonProperty property in value.EnumerateObject())
            if (!known.Contains(RawName(property)))
                throw RequestException.Malformed(
                    _prefix + Shorten(RawName(property)), "an unknown field", string.Join(", ", known));
    }

    /// <summary>Returns the path of a field in the body.</summary>
    public string Path(string name) => _prefix + name;

    /// <summary>Returns a field; null where it is missing.</summary>
    public JsonElement? Find(string name) =>
        _object.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Returns a field.</summary>
    /// <exception cref="RequestException">It is missing.</exception>
    public JsonElement Require(string name, string expected) =>
        Find(name) ?? throw RequestException.Malformed(Path(name), "none", expected);

    /// <summary>Returns a text; null where it is missing.</summary>
    /// <exception cref="RequestException">It is no string.</exception>
    public string? Text(string name) => Find(name) is { } value ? Text(value, Path(name)) : null;

    /// <summary>Returns a flag; null where it is missing.</summary>
    /// <exception cref="RequestException">It is neither true nor false.</exception>
    public bool? Flag(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw RequestException.Malformed(Path(name), Describe(other), "true or false"),
    };

    /// <summary>Returns a whole number in a range; null where it is missing.</summary>
    /// <exception cref="RequestException">It is no such number.</exception>
    public int? Integer(string name, int min, int max)
    {
        if (Find(name) is not { } value) return null;
        bool isNumber = value.ValueKind == JsonValueKind.Number;
        if (isNumber && value.TryGetInt32(out int number) && number >= min && number <= max) return number;
        throw RequestException.Malformed(Path(name), Describe(value), $"a whole number, {min} … {max}");
    }

    /// <summary>Returns a finite number; null where it is missing.</summary>
    /// <exception cref="RequestException">It is no such number.</exception>
    public double? Number(string name)
    {
        if (Find(name) is not { } value) return null;
        bool isNumber = value.ValueKind == JsonValueKind.Number;
        if (isNumber && value.TryGetDouble(out double number) && double.IsFinite(number)) return number;
        throw RequestException.Malformed(Path(name), Describe(value), "a number");
    }

    /// <summary>Returns the text of an element.</summary>
    /// <exception cref="RequestException">It is no string, or one with half a surrogate pair.</exception>
    public static string Text(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
            throw RequestException.Malformed(path, Describe(value), "a string");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw RequestException.Malformed(path, "half a surrogate pair", "a string of Unicode characters");
        }
    }

    /// <summary>Describes a value that was not expected.</summary>
    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the string {Shorten(value.GetRawText())}",
        _ => Shorten(value.GetRawText()),
    };

    /// <summary>Returns a name as it is written: with escapes it need not be a valid string.</summary>
    static string RawName(JsonProperty property)
    {
        string json = property.ToString();
        return json[1..json.IndexOf('"', 1)];
    }

    static string Shorten(string text)
    {
        if (text.Length <= ShownCharacters) return text.ReplaceLineEndings(" ");
        int end = char.IsHighSurrogate(text[ShownCharacters - 1]) ? ShownCharacters - 1 : ShownCharacters;
        return $"{text[..end].ReplaceLineEndings(" ")}…";
    }
}
