using EsimCse.Core.Backend;

namespace EsimCse.Core;

/// <summary>What one element of a <see cref="Matrix"/> or of a stored tensor is.</summary>
public enum ElementType
{
    /// <summary>IEEE 754 binary32.</summary>
    Float32,

    /// <summary>IEEE 754 binary16.</summary>
    Float16,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16,

    /// <summary>Signed 32-bit integer.</summary>
    Int32,
}

/// <summary>Sizes and names of the element types.</summary>
public static class ElementTypes
{
    /// <summary>Bytes that one element takes.</summary>
    public static int Size(this ElementType type) => type is ElementType.Float32 or ElementType.Int32 ? 4 : 2;

    /// <summary>As the command line names it: fp32, bf16, fp16.</summary>
    public static string Name(this ElementType type) => type switch
    {
        ElementType.Float32 => "fp32",
        ElementType.BFloat16 => "bf16",
        ElementType.Float16 => "fp16",
        _ => "int32",
    };
}
