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

    /// <summary>The number of rows read so far.</summary>
    public long Count { get; private set; }

    /// <summary>The scales of int8, one for each column; null where the first rows determine them.</summary>
    public float[]? Scales { get; init; }

    /// <summary>Columns that are carried along, for formats that can.</summary>
    public KeptColumns Kept { get; init; } = KeptColumns.None;

    /// <summary>The type in which the elements are stored.</summary>
    public OutputType Type => type;

    /// <summary>The vectors in that type, for formats that have it.</summary>
    public StoredRows Stored
    {
        get => _stored ??= StoredRows.Create(this, type);
        init => _stored = value;
    }

    /// <summary>Returns the elements, in chunks of whole rows.</summary>
    /// <exception cref="InvalidInputException">An element is not finite; the message names its row.</exception>
    public IEnumerable<float[]> Chunks()
    {
        foreach (float[] chunk in chunks)
        {
            if (!TensorPrimitives.IsFiniteAll<float>(chunk)) throw NotFinite(chunk);
            Count += chunk.Length / dimension;
            yield return chunk;
        }
    }

    InvalidInputException NotFinite(float[] chunk)
    {
        int index = Array.FindIndex(chunk, value => !float.IsFinite(value));
        return new($"row {Count + index / dimension + 1}: found {chunk[index]}, expected a finite number");
    }
}
