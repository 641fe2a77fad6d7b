namespace EsimCse.Core.Model.Poolers;

/// <summary>A mode of sentence-transformers' Pooling module.</summary>
/// <param name="Name">Its value of pooling_mode in config.json.</param>
/// <param name="Flag">Its flag pooling_mode_… in the config.json of versions before 6.</param>
public sealed record PoolingMode(string Name, string Flag)
{
    /// <summary>The [CLS] vector.</summary>
    public static PoolingMode Cls { get; } = new("cls", "cls_token");

    /// <summary>The mean of the token vectors.</summary>
    public static PoolingMode Mean { get; } = new("mean", "mean_tokens");

    /// <summary>All modes, in the order in which their flags are written.</summary>
    internal static IReadOnlyList<PoolingMode> All { get; } =
    [
        Cls,
        Mean,
        new("max", "max_tokens"),
        new("mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
        new("weightedmean", "weightedmean_tokens"),
        new("lasttoken", "lasttoken"),
    ];
}
