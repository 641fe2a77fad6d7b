using System.Numerics.Tensors;
using EsimCse.Core;

namespace EsimCse.Formats;

/// <summary>Vectors in fp16, rounded to nearest, ties to even.</summary>
/// <param name="rows">The vectors.</param>
sealed class Float16Rows(VectorRows rows) : StoredElements<Half>
{
    /// <inheritdoc/>
    public override int Columns => rows.Dimension;

    /// <inheritdoc/>
    public override string NpyType => "<f2";

    /// <inheritdoc/>
    public override string SafetensorsType => "F16";

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">An element exceeds the range; the message names its row.</exception>
    public override IEnumerable<Half[]> Chunks()
    {
        long done = 0;
        foreach (float[] chunk in rows.Chunks())
        {
            Half[] halves = new Half[chunk.Length];
            TensorPrimitives.ConvertToHalf(chunk, halves);
            int beyond = Array.FindIndex(halves, value => !Half.IsFinite(value));
            if (beyond >= 0) throw OutOfRange(done + beyond / Columns + 1, chunk[beyond]);
            yield return halves;
            done += chunk.Length / Columns;
        }
    }

    static InvalidInputException OutOfRange(long row, float value) =>
        new($"row {row}: found {value}, expected numbers from -65504 to 65504, the range of fp16");
}
