using EsimCse.Core;

namespace EsimCse.Cuda.Kernels;

/// <summary>
/// The part of an operation's file that is compiled for a kernel: the entries without a type and those of one element
/// type, and of attention's the entries for one head size or those for all others.
/// </summary>
/// <param name="Operation">The file's name without its extension.</param>
/// <param name="Type">f32, bf16 or f16; empty to leave out all entries of a type.</param>
/// <param name="Tiles">The head size of the entries named tiles, as text; empty for the other entries.</param>
readonly record struct KernelVariant(string Operation, string Type, string Tiles = "")
{
    const string TilesPrefix = "tiles", Fp32 = "f32";

    // The 16-bit types first: cast's entries name two types.
    static readonly string[] Types = ["bf16", "f16", Fp32];

    static readonly string[] AllTiles = ["", "32", "64"];

    // What takes longest to compile comes first.
    static readonly string[] Inference =
        ["attention", "layernorm", "clsattention", "activation", "embedding", "clspooling"];

    static readonly string[] TypedTraining = ["linear", "dropout"];

    static readonly string[] UntypedTraining =
        ["contrastive", "packviews", "adamw", "gradientnorm", "queuepush", "schedule", "cleargradients"];

    /// <summary>The options that leave out the other entries, by the macros of common.cuh and attention.cu.</summary>
    public IReadOnlyList<string> Options
    {
        get
        {
            (string type, string tiles) = (Type, Tiles);
            return
            [
                .. from other in Types where other != type select $"-DWITHOUT_{other.ToUpperInvariant()}",
                .. from other in AllTiles where other != tiles select $"-DWITHOUT_TILES{other}",
            ];
        }
    }

    /// <summary>
    /// Returns the variants that embedding or a training step uses with the pooler cls. What other poolers and options
    /// use beyond them is small.
    /// </summary>
    public static IEnumerable<KernelVariant> ForModel(ElementType stored, int headSize, bool training)
    {
        string type = CudaBackend.Suffix(stored)[1..];
        string tiles = CudaBackend.UsesTensorCores(stored, headSize) ? $"{headSize}" : "";
        IEnumerable<string> typed = training ? [.. Inference, .. TypedTraining] : Inference;
        IEnumerable<string> untyped = training ? UntypedTraining : [];
        return
        [
            .. typed.Select(name => new KernelVariant(name, type, name == "attention" ? tiles : "")),
            .. untyped.Select(name => new KernelVariant(name, "")),
            new KernelVariant("tanh", Fp32),
            .. type == Fp32 ? [] : new[] { new KernelVariant("cast", type) },
        ];
    }

    /// <summary>Returns the variant that contains a kernel, by the parts of its name.</summary>
    public static KernelVariant Of(string kernel)
    {
        string[] parts = kernel.Split('_');
        string type = Types.FirstOrDefault(parts.Contains) ?? "";
        string? tiles = parts.FirstOrDefault(part => part.StartsWith(TilesPrefix, StringComparison.Ordinal));
        // A number of rows may follow the head size, as in tiles64x32.
        return new(parts[0], type, tiles?[TilesPrefix.Length..].Split('x')[0] ?? "");
    }
}
