using EsimCse.Bench.Participants;

namespace EsimCse.Bench.Compare;

/// <summary>A way to train in TorchSharp.</summary>
/// <param name="ClsOnly">Whether the last layer is computed for [CLS] alone, as ours is.</param>
/// <param name="Precision">fp32; or bf16 with weights, their gradients and the loss in fp32.</param>
/// <param name="MaxLossDifference">The largest difference of a loss from ours in fp32.</param>
/// <param name="MaxGradientDifference">The largest difference of a gradient, over its norm.</param>
sealed record TorchVariant(bool ClsOnly, string Precision, double MaxLossDifference, double MaxGradientDifference)
{
    /// <summary>The variants, first that which users write.</summary>
    public static TorchVariant[] All { get; } =
    [
        new(ClsOnly: false, "fp32", 1e-5, 1e-3),
        new(ClsOnly: true, "fp32", 1e-5, 1e-3),
        new(ClsOnly: true, "bf16", 0.05, 0.5),
    ];

    /// <summary>The name in the table.</summary>
    public string Name => Programs.TorchSharp + (ClsOnly ? ", last layer for [CLS]" : "");

    /// <summary>Returns the participant.</summary>
    public ParticipantStart Start(Programs programs, TrainingWorkOptions options)
    {
        string layers = ClsOnly ? "cls" : "all";
        string[] arguments = ["train", layers, Precision, .. options.ToArguments()];
        return programs.Torch(Name, Precision, options.Threads, arguments);
    }
}
