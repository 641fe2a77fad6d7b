using System.Runtime.InteropServices;

namespace EsimCse.Core.Files;

/// <summary>A tensor for <see cref="SafetensorsWriter"/>.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Type">The dtype as the format spells it: F32, I32 and so on; elements of 4 or 8 bytes only.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="Data">Returns the bytes; called when the tensor is written.</param>
sealed record TensorToWrite(string Name, string Type, int[] Shape, Func<ReadOnlyMemory<byte>> Data)
{
    /// <summary>Length of the data.</summary>
    public long Bytes => Shape.Aggregate((long)ElementBytes, (product, dimension) => product * dimension);

    int ElementBytes => Type is "I64" or "U64" ? 8 : 4;

    /// <summary>Creates an fp32 tensor.</summary>
    public static TensorToWrite Floats(string name, int[] shape, Func<float[]> data) =>
        new(name, "F32", shape, () => MemoryMarshal.AsBytes<float>(data()).ToArray());
}
