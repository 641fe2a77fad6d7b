namespace EsimCse.Core.Files;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Type">The dtype as the format spells it: F32, BF16, I64 and so on.</param>
/// <param name="Shape">The dimensions; empty for a scalar.</param>
/// <param name="Begin">Offset of the first byte in the file.</param>
/// <param name="Bytes">Length of the data.</param>
sealed record StoredTensor(string Name, string Type, long[] Shape, long Begin, long Bytes)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);
}
