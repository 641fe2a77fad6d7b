using System.Text.Json.Nodes;

namespace EsimCse.Core.Files;

/// <summary>
/// One JSON object of a settings file. Its keys are checked against a list when it is opened; each error is one line
/// with the file, the key, the value and the values that are expected. A null value is an absent one.
/// </summary>
sealed class JsonSettings
{
    const int LongestQuote = 60;

    readonly JsonObject _json;
    readonly SettingKeys _keys;
    readonly string _prefix;

    JsonSettings(string file, string prefix, JsonObject json, SettingKeys keys)
    {
        File = file;
        _prefix = prefix;
        _json = json;
        _keys = keys;
        foreach ((string key, JsonNode? value) in json)
            if (keys.FindProblem(key, value) is { } problem)
                throw new InvalidInputException($"{file}: {prefix}{key}: found {Quote(value)}, {problem}");
    }

    /// <summary>The file's path.</summary>
    public string File { get; }

    /// <summary>All keys, those of null included.</summary>
    public IEnumerable<string> Names => _json.Select(entry => entry.Key);

    /// <summary>Opens a file that holds an object.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, not valid JSON, not an object, or a key is refused.
    /// </exception>
    public static JsonSettings Read(string file, SettingKeys keys) => new(file, "", JsonFile.ReadObject(file), keys);

    /// <summary>Opens a file that may be missing; null where it is.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is not valid JSON, not an object, or a key is refused.
    /// </exception>
    public static JsonSettings? ReadOptional(string file, SettingKeys keys) =>
        InputFile.IsPresent(file) ? Read(file, keys) : null;

    /// <summary>Opens a file that holds a list of objects.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, not valid JSON, not such a list, or a key is refused.
    /// </exception>
    public static IEnumerable<JsonSettings> ReadList(string file, SettingKeys keys)
    {
        if (JsonFile.Read(file) is not JsonArray list || list.Any(node => node is not JsonObject))
            throw new InvalidInputException($"{file}: expected a list of objects");
        return list.Index().Select(item => new JsonSettings(file, $"[{item.Index}].", item.Item!.AsObject(), keys));
    }

    /// <summary>Whether a key is present and not null.</summary>
    public bool Contains(string key) => Node(key) is not null;

    /// <summary>Returns a value; null for none.</summary>
    public JsonNode? Node(string key) =>
        _keys.Honours(key) ? _json[key] : throw new InvalidOperationException($"{key} is not listed");

    /// <summary>Returns true or false; null for none.</summary>
    public bool? Flag(string key) => Value<bool>(key, _ => true, "true or false");

    /// <summary>Returns a text; null for none.</summary>
    public string? Text(string key) => Node(key) switch
    {
        null => null,
        { } node => JsonFile.Text(node) ?? throw Wrong(key, "a string"),
    };

    /// <summary>Returns a whole number of at least <paramref name="minimum"/>; null for none.</summary>
    public int? Integer(string key, int minimum) =>
        Value<int>(key, number => number >= minimum, WholeNumber(minimum));

    /// <summary>Returns a whole number of at least <paramref name="minimum"/>, which must be there.</summary>
    public int RequiredInteger(string key, int minimum) =>
        Integer(key, minimum) ?? throw Wrong(key, WholeNumber(minimum));

    /// <summary>Returns a list of texts; null for none.</summary>
    public string[]? Texts(string key)
    {
        const string expected = "a list of strings";
        if (Node(key) is not { } node) return null;
        JsonArray list = node as JsonArray ?? throw Wrong(key, expected);
        return [.. list.Select(item => JsonFile.Text(item) ?? throw Wrong(key, expected))];
    }

    /// <summary>Returns a finite number of at least 0; null for none.</summary>
    public float? Number(string key) =>
        (float?)Value<double>(key, number => number >= 0 && number <= float.MaxValue, "a number that is not negative");

    /// <summary>Returns an object; null for none.</summary>
    public JsonSettings? Object(string key, SettingKeys keys)
    {
        if (Node(key) is not { } node) return null;
        JsonObject json = node as JsonObject ?? throw Wrong(key, "an object");
        return Nested(key, json, keys);
    }

    /// <summary>Returns the objects of a list; none where the key is absent.</summary>
    public IEnumerable<JsonSettings> Objects(string key, SettingKeys keys)
    {
        if (Node(key) is not { } node) yield break;
        JsonArray list = node as JsonArray ?? throw Wrong(key, "a list of objects");
        for (int i = 0; i < list.Count; i++)
        {
            JsonObject json = list[i] as JsonObject ?? throw Wrong(key, "a list of objects");
            yield return Nested($"{key}[{i}]", json, keys);
        }
    }

    /// <summary>Returns an object that stands somewhere below a key.</summary>
    public JsonSettings Nested(string key, JsonObject json, SettingKeys keys) =>
        new(File, $"{_prefix}{key}.", json, keys);

    /// <summary>Returns the same object, checked against another list of keys.</summary>
    public JsonSettings WithKeys(SettingKeys keys) => new(File, _prefix, _json, keys);

    /// <summary>Returns the error of a key's value.</summary>
    public InvalidInputException Wrong(string key, string expected) =>
        new($"{File}: {_prefix}{key}: found {Quote(_json[key])}, expected {expected}");

    T? Value<T>(string key, Predicate<T> valid, string expected) where T : struct
    {
        if (Node(key) is not { } node) return null;
        return node is JsonValue value && value.TryGetValue(out T found) && valid(found)
            ? found
            : throw Wrong(key, expected);
    }

    static string WholeNumber(int minimum) =>
        minimum == 1 ? "a positive whole number" : $"a whole number of at least {minimum}";

    static string Quote(JsonNode? value)
    {
        string json = value?.ToJsonString(JsonFile.Readable) ?? "nothing";
        return json.Length <= LongestQuote ? json : json[..LongestQuote] + "…";
    }
}
