namespace EsimCse.Core;

/// <summary>Sizes and names of the element types.</summary>
public static class ElementTypes
{
    /// <summary>Returns the bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Float32 or ElementType.Int32 => 4,
        ElementType.Int8 => 1,
        _ => 2,
    };

    /// <summary>Returns the name on the command line: fp32, bf16, fp16 or int8; int32 otherwise.</summary>
    public static string Name(this ElementType type) => type switch
    {
        ElementType.Float32 => "fp32",
        ElementType.BFloat16 => "bf16",
        ElementType.Float16 => "fp16",
        ElementType.Int8 => "int8",
        _ => "int32",
    };

    /// <summary>Returns the type of a number by its name on the command line; null for any other text.</summary>
    internal static ElementType? FromName(string? name) => name switch
    {
        "fp32" => ElementType.Float32,
        "bf16" => ElementType.BFloat16,
        "fp16" => ElementType.Float16,
        "int8" => ElementType.Int8,
        _ => null,
    };
}
