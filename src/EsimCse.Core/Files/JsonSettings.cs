using System.Text.Json;

namespace EsimCse.Core.Files;

/// <summary>
/// One JSON object of a settings file. Its keys are checked against a list when it is opened; each error is one line
/// with the file, the key, the value and the values that are expected. A null value is an absent one. A key that
/// stands there twice is refused.
/// </summary>
sealed class JsonSettings
{
    readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);
    readonly JsonElement _json;
    readonly SettingKeys _keys;
    readonly string _prefix;

    JsonSettings(string file, string prefix, JsonElement json, SettingKeys keys)
    {
        File = file;
        _prefix = prefix;
        _json = json;
        _keys = keys;
        foreach (JsonProperty property in json.EnumerateObject())
        {
            string key = property.Name;
            if (!_values.TryAdd(key, property.Value)) throw Twice(key);
            if (keys.FindProblem(key, property.Value) is { } problem)
                throw new InvalidInputException($"{file}: {prefix}{key}: found {Quote(key)}, {problem}");
        }
    }

    /// <summary>The file's path.</summary>
    public string File { get; }

    /// <summary>All keys, those of null included.</summary>
    public IEnumerable<string> Names => _values.Keys;

    /// <summary>Opens a file that holds an object.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, not valid JSON, not an object, or a key is refused.
    /// </exception>
    public static JsonSettings Read(string file, SettingKeys keys)
    {
        JsonElement json = JsonFile.Read(file);
        return json.ValueKind == JsonValueKind.Object ? new(file, "", json, keys) : throw JsonFile.NoObject(file);
    }

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
        JsonElement list = JsonFile.Read(file);
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(item => !IsObject(item)))
            throw new InvalidInputException($"{file}: expected a list of objects");
        return list.EnumerateArray().Select((item, i) => new JsonSettings(file, $"[{i}].", item, keys));
    }

    /// <summary>Whether a key is present and not null.</summary>
    public bool Contains(string key) => Find(key) is not null;

    /// <summary>Returns a value; null for none.</summary>
    public JsonElement? Find(string key)
    {
        if (!_keys.Honours(key)) throw new InvalidOperationException($"{key} is not listed");
        bool isPresent = _values.TryGetValue(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;
        return isPresent ? value : null;
    }

    /// <summary>Returns true or false; null for none.</summary>
    public bool? Flag(string key)
    {
        if (Find(key) is not { } value) return null;
        bool isFlag = value.ValueKind is JsonValueKind.True or JsonValueKind.False;
        return isFlag ? value.GetBoolean() : throw Wrong(key, "true or false");
    }

    /// <summary>Returns a text; null for none.</summary>
    public string? Text(string key)
    {
        if (Find(key) is not { } value) return null;
        return JsonFile.Text(value) ?? throw Wrong(key, "a string");
    }

    /// <summary>Returns a whole number of at least <paramref name="minimum"/>; null for none.</summary>
    public int? Integer(string key, int minimum)
    {
        if (Find(key) is not { } value) return null;
        bool isNumber = value.ValueKind == JsonValueKind.Number;
        bool isValid = isNumber && value.TryGetInt32(out int found) && found >= minimum;
        return isValid ? value.GetInt32() : throw Wrong(key, WholeNumber(minimum));
    }

    /// <summary>Returns a whole number of at least <paramref name="minimum"/>, which must be there.</summary>
    public int RequiredInteger(string key, int minimum) =>
        Integer(key, minimum) ?? throw Wrong(key, WholeNumber(minimum));

    /// <summary>Returns a list of texts; null for none.</summary>
    public string[]? Texts(string key)
    {
        const string expected = "a list of strings";
        return List(key, expected)?.Select(item => JsonFile.Text(item) ?? throw Wrong(key, expected)).ToArray();
    }

    /// <summary>Returns a list of ids; null for none.</summary>
    public int[]? Ids(string key)
    {
        const string expected = "a list of ids";
        return List(key, expected)?.Select(item => JsonFile.Id(item) ?? throw Wrong(key, expected)).ToArray();
    }

    /// <summary>Returns the ids of an object's names; null for none.</summary>
    public Dictionary<string, int>? IdsByName(string key)
    {
        if (Find(key) is not { } json) return null;
        return IsObject(json) ? Nested(key, json, SettingKeys.Map).AllIds() : throw Wrong(key, "tokens with ids");
    }

    /// <summary>Returns the ids of all names.</summary>
    public Dictionary<string, int> AllIds()
    {
        Dictionary<string, int> ids = new(_values.Count, StringComparer.Ordinal);
        foreach ((string name, JsonElement value) in _values)
            ids.Add(name, JsonFile.Id(value) ?? throw Wrong(name, "an id"));
        return ids;
    }

    /// <summary>Returns a finite number of at least 0; null for none.</summary>
    public float? Number(string key)
    {
        if (Find(key) is not { } value) return null;
        bool isNumber = value.ValueKind == JsonValueKind.Number;
        double number = isNumber && value.TryGetDouble(out double found) ? found : double.NaN;
        bool isValid = number is >= 0 and <= float.MaxValue;
        return isValid ? (float)number : throw Wrong(key, "a number that is not negative");
    }

    /// <summary>Returns an object; null for none.</summary>
    public JsonSettings? Object(string key, SettingKeys keys)
    {
        if (Find(key) is not { } json) return null;
        return IsObject(json) ? Nested(key, json, keys) : throw Wrong(key, "an object");
    }

    /// <summary>Returns the objects of a list; none where the key is absent.</summary>
    public IEnumerable<JsonSettings> Objects(string key, SettingKeys keys)
    {
        const string expected = "a list of objects";
        return (List(key, expected) ?? []).Select((item, i) =>
            IsObject(item) ? Nested($"{key}[{i}]", item, keys) : throw Wrong(key, expected));
    }

    /// <summary>Returns the values of a list; null for none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">The values that are expected, for the error where it is no list.</param>
    public IEnumerable<JsonElement>? List(string key, string expected)
    {
        if (Find(key) is not { } list) return null;
        return list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw Wrong(key, expected);
    }

    /// <summary>Returns an object that stands somewhere below a key.</summary>
    public JsonSettings Nested(string key, JsonElement json, SettingKeys keys) =>
        new(File, $"{_prefix}{key}.", json, keys);

    /// <summary>Returns the same object, checked against another list of keys.</summary>
    public JsonSettings WithKeys(SettingKeys keys) => new(File, _prefix, _json, keys);

    /// <summary>Returns the error of a key's value.</summary>
    public InvalidInputException Wrong(string key, string expected) =>
        new($"{File}: {_prefix}{key}: found {Quote(key)}, expected {expected}");

    InvalidInputException Twice(string key) => new($"{File}: {_prefix}{key}: found twice, expected once");

    static bool IsObject(JsonElement value) => value.ValueKind == JsonValueKind.Object;

    static string WholeNumber(int minimum) =>
        minimum == 1 ? "a positive whole number" : $"a whole number of at least {minimum}";

    string Quote(string key)
    {
        bool isPresent = _values.TryGetValue(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;
        return isPresent ? JsonFile.Excerpt(JsonFile.Quote(value)) : "nothing";
    }
}
