using EsimCse.Core.Model.Poolers;
using Microsoft.Extensions.Logging;

namespace EsimCseNative;

/// <summary>Settings of a <see cref="SentenceEncoder"/>. A null setting means the model folder's own.</summary>
public sealed record EncoderOptions
{
    /// <summary>Pooler in place of the folder's Pooling, Dense and LayerNorm modules.</summary>
    public Pooler? Pooler { get; init; }

    /// <summary>
    /// Whether vectors are divided by their norms at the end, in place of the folder's Normalize module there.
    /// </summary>
    public bool? Normalize { get; init; }

    /// <summary>
    /// Tokens of a sentence at most, [CLS] and [SEP] included: from 2 to the model's number of positions.
    /// </summary>
    public int? MaxLength { get; init; }

    /// <summary>
    /// The first columns of a vector that are kept, from 1 to the width of the model's vectors. Where vectors are
    /// normalized they are normalized again afterwards, which they are not after the folder's own truncate_dim.
    /// </summary>
    public int? Dimensions { get; init; }

    /// <summary>Text that goes before every sentence; empty for none.</summary>
    public string? Prompt { get; init; }

    /// <summary>Name of the folder's prompt to go before every sentence, in place of <see cref="Prompt"/>.</summary>
    public string? PromptName { get; init; }

    /// <summary>The device; auto by default.</summary>
    public DeviceChoice Device { get; init; } = new();

    /// <summary>Receives the name of the device that auto chose.</summary>
    public ILogger? Logger { get; init; }
}
