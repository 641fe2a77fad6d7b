using System.Text.Json;

namespace EsimCse.Core.Files;

/// <summary>
/// The known keys of one kind of settings file, or of one kind of object in it. A file that is opened by a list is
/// refused where it states something that changes the result and is not done.
/// </summary>
sealed record SettingKeys
{
    /// <summary>The list for an object whose keys are names of its own, such as tokens: each can be read.</summary>
    public static SettingKeys Map { get; } = new() { Honoured = [], IsMap = true };

    /// <summary>Keys that are read. A key that is not among them cannot be.</summary>
    public required IReadOnlyList<string> Honoured { get; init; }

    /// <summary>Keys that do not change ids or vectors, whatever their value.</summary>
    public IReadOnlyList<string> Harmless { get; init; } = [];

    /// <summary>
    /// Keys that are not done, each with the values, as JSON, under which it changes nothing. Null is always one.
    /// </summary>
    public IReadOnlyDictionary<string, string[]> Refused { get; init; } = new Dictionary<string, string[]>();

    /// <summary>
    /// Whether other keys are refused. False for files in which programs leave notes of their own.
    /// </summary>
    public bool IsClosed { get; init; }

    bool IsMap { get; init; }

    /// <summary>Whether a key is read.</summary>
    public bool Honours(string key) => IsMap || Honoured.Contains(key);

    /// <summary>All keys of the list.</summary>
    public IEnumerable<string> Known => [.. Honoured, .. Refused.Keys, .. Harmless];

    /// <summary>Returns the error of a key and its value, without file and key; null where there is none.</summary>
    public string? FindProblem(string key, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null || Honours(key) || Harmless.Contains(key)) return null;
        if (!Refused.TryGetValue(key, out string[]? allowed))
            return IsClosed ? $"a key that is not known, expected {string.Join(", ", Known)}" : null;
        if (allowed.Any(json => JsonElement.DeepEquals(JsonElement.Parse(json), value))) return null;
        return $"not supported, expected {string.Join(" or ", allowed.DefaultIfEmpty("null"))}";
    }
}
