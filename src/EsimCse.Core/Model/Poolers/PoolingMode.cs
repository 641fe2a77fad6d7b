using System.Text.Json.Nodes;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model.Poolers;

/// <summary>A mode of sentence-transformers' Pooling module.</summary>
/// <param name="Name">Its value of pooling_mode, in the config.json of version 6.</param>
/// <param name="Flag">The end of its flag pooling_mode_…, in the config.json of older versions.</param>
public sealed record PoolingMode(string Name, string Flag)
{
    const string FlagPrefix = "pooling_mode_";

    /// <summary>The [CLS] vector.</summary>
    public static PoolingMode Cls { get; } = new("cls", "cls_token");

    /// <summary>The mean of the token vectors.</summary>
    public static PoolingMode Mean { get; } = new("mean", "mean_tokens");

    /// <summary>All modes, in the order in which their flags are written.</summary>
    static IReadOnlyList<PoolingMode> All { get; } =
    [
        Cls,
        Mean,
        new("max", "max_tokens"),
        new("mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
        new("weightedmean", "weightedmean_tokens"),
        new("lasttoken", "lasttoken"),
    ];

    /// <summary>Finds a mode by its name or flag; null where there is none.</summary>
    internal static PoolingMode? Find(string name) =>
        All.FirstOrDefault(mode => name == mode.Name || name == mode.Flag);

    /// <summary>Returns the names or flags of the modes that a config.json of either version turns on.</summary>
    internal static string[] ReadNames(JsonObject json)
    {
        if (JsonFile.Text(json["pooling_mode"]) is { } mode) return [mode];
        return [.. json.Where(IsFlagTurnedOn).Select(entry => entry.Key[FlagPrefix.Length..])];
    }

    /// <summary>Writes the flags of all modes, with this one turned on.</summary>
    internal void WriteFlags(JsonObject json)
    {
        foreach (PoolingMode mode in All) json[FlagPrefix + mode.Flag] = mode == this;
    }

    static bool IsFlagTurnedOn(KeyValuePair<string, JsonNode?> entry) =>
        entry.Key.StartsWith(FlagPrefix, StringComparison.Ordinal)
        && entry.Value is JsonValue value && value.TryGetValue(out bool on) && on;
}
