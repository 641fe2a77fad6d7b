namespace EsimCse.Formats;

/// <summary>Vectors in the type in which they are stored.</summary>
abstract class StoredRows
{
    /// <summary>Elements of a row, as stored.</summary>
    public abstract int Columns { get; }

    /// <summary>The type of an element as numpy spells it.</summary>
    public abstract string NpyType { get; }

    /// <summary>The type of an element as safetensors spells it.</summary>
    public abstract string SafetensorsType { get; }

    /// <summary>Returns the rows of a type.</summary>
    public static StoredRows Create(VectorRows rows, OutputType type) => type switch
    {
        OutputType.Float32 => new Float32Rows(rows),
        OutputType.Float16 => new Float16Rows(rows),
        OutputType.Int8 => new Int8Rows(rows),
        OutputType.Binary => new BinaryRows(rows),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Writes the bytes of all rows in C order, little-endian, and returns the number of rows.</summary>
    public abstract long WriteTo(Stream stream);
}
