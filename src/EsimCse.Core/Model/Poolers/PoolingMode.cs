using System.Text.Json.Nodes;
using EsimCse.Core.Backend;

namespace EsimCse.Core.Model.Poolers;

/// <summary>A mode of sentence-transformers' Pooling module.</summary>
/// <param name="Name">Its value of pooling_mode, in the config.json of version 6.</param>
/// <param name="Flag">The end of its flag pooling_mode_…, in the config.json of older versions.</param>
/// <param name="Pooling">The computation. Modes whose flags are on are joined in the order of this enum.</param>
public sealed record PoolingMode(string Name, string Flag, TokenPooling Pooling)
{
    /// <summary>The [CLS] vector.</summary>
    public static PoolingMode Cls { get; } = new("cls", "cls_token", TokenPooling.Cls);

    /// <summary>The mean of the token vectors.</summary>
    public static PoolingMode Mean { get; } = new("mean", "mean_tokens", TokenPooling.Mean);

    /// <summary>All modes, in the order in which their flags are written.</summary>
    internal static IReadOnlyList<PoolingMode> All { get; } =
    [
        Cls,
        Mean,
        new("max", "max_tokens", TokenPooling.Max),
        new("mean_sqrt_len_tokens", "mean_sqrt_len_tokens", TokenPooling.MeanSqrtLength),
        new("weightedmean", "weightedmean_tokens", TokenPooling.WeightedMean),
        new("lasttoken", "lasttoken", TokenPooling.LastToken),
    ];

    /// <summary>The key of its flag.</summary>
    internal string FlagKey => "pooling_mode_" + Flag;

    /// <summary>Writes the flags of all modes, with this one turned on.</summary>
    internal void WriteFlags(JsonObject json)
    {
        foreach (PoolingMode mode in All) json[mode.FlagKey] = mode == this;
    }
}
