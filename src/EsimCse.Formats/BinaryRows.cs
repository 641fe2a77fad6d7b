namespace EsimCse.Formats;

/// <summary>
/// Vectors in one bit an element, 1 where it is positive, eight columns a byte: the first column in the highest bit,
/// and zeros after the last one. These are numpy's packbits(vectors > 0, axis=-1).
/// </summary>
/// <param name="rows">The vectors.</param>
sealed class BinaryRows(VectorRows rows) : StoredElements<byte>
{
    const int BitsPerByte = 8;

    /// <inheritdoc/>
    public override int Columns => (rows.Dimension + BitsPerByte - 1) / BitsPerByte;

    /// <inheritdoc/>
    public override string NpyType => "|u1";

    /// <inheritdoc/>
    public override string SafetensorsType => "U8";

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Chunks() => rows.Chunks().Select(Pack);

    byte[] Pack(float[] chunk)
    {
        int count = chunk.Length / rows.Dimension;
        byte[] packed = new byte[count * Columns];
        for (int row = 0; row < count; row++)
            for (int i = 0; i < rows.Dimension; i++)
                if (chunk[row * rows.Dimension + i] > 0)
                    packed[row * Columns + i / BitsPerByte] |= (byte)(0x80 >> (i % BitsPerByte));
        return packed;
    }
}
