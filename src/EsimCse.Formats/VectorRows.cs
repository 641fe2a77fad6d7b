using System.Numerics.Tensors;
using EsimCse.Core;

namespace EsimCse.Formats;

/// <summary>The vectors of an output, in order. They are read once.</summary>
/// <param name="dimension">Elements of a vector, at least 1.</param>
/// <param name="chunks">The elements, in chunks of whole rows.</param>
/// <param name="type">The type in which they are stored.</param>
sealed class VectorRows(int dimension, IEnumerable<float[]> chunks, OutputType type = OutputType.Float32)
{
    StoredRows? _stored;

    /// <summary>Elements of a vector.</summary>
    public int Dimension => dimension;

    /// <summary>Columns that are carried along, for formats that can.</summary>
    public KeptColumns Kept { get; init; } = KeptColumns.None;

    /// <summary>The type in which the elements are stored.</summary>
    public OutputType Type => type;

    /// <summary>The vectors in that type, for formats that have it.</summary>
    public StoredRows Stored => _stored ??= StoredRows.Create(this, type);

    /// <summary>Returns the elements, in chunks of whole rows.</summary>
    /// <exception cref="InvalidInputException">An element is not finite; the message names its row.</exception>
    public IEnumerable<float[]> Chunks()
    {
        long rows = 0;
        foreach (float[] chunk in chunks)
        {
            if (!TensorPrimitives.IsFiniteAll<float>(chunk)) throw NotFinite(chunk, rows);
            yield return chunk;
            rows += chunk.Length / dimension;
        }
    }

    InvalidInputException NotFinite(float[] chunk, long rowsBefore)
    {
        int index = Array.FindIndex(chunk, value => !float.IsFinite(value));
        return new($"row {rowsBefore + index / dimension + 1}: found {chunk[index]}, expected a finite number");
    }
}
