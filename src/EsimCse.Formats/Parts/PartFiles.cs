namespace EsimCse.Formats.Parts;

/// <summary>The files of all parts of a job, at least one, in order and in one format.</summary>
/// <param name="Paths">The files.</param>
/// <param name="Rows">Their rows in all.</param>
/// <param name="Dimension">Elements of a vector.</param>
/// <param name="Type">The type of elements.</param>
sealed record PartFiles(IReadOnlyList<string> Paths, long Rows, int Dimension, OutputType Type)
{
    /// <summary>Returns the rows for a format whose files are a header and the bytes of the elements.</summary>
    public VectorRows AfterHeaders(int headerBytes) =>
        With(new PartBytes(this, headerBytes), KeptColumns.None);

    /// <summary>Returns the rows for a format with a reader.</summary>
    /// <param name="read">Reads a file's elements, in chunks of whole rows.</param>
    /// <param name="kept">The columns that were carried along.</param>
    public VectorRows With<T>(Func<string, IEnumerable<T[]>> read, KeptColumns kept) where T : unmanaged =>
        With(new PartElements<T>(this, read), kept);

    /// <summary>Returns no rows of this type, which have its names and number of columns.</summary>
    public StoredRows CreateEmpty() => StoredRows.Create(new VectorRows(Dimension, [], Type), Type);

    VectorRows With(StoredRows stored, KeptColumns kept) =>
        new(Dimension, [], Type) { Stored = stored, Kept = kept };

    sealed class PartBytes(PartFiles parts, int headerBytes) : StoredRows
    {
        readonly StoredRows _empty = parts.CreateEmpty();

        public override int Columns => _empty.Columns;

        public override string NpyType => _empty.NpyType;

        public override string SafetensorsType => _empty.SafetensorsType;

        public override long WriteTo(Stream stream)
        {
            foreach (string path in parts.Paths)
            {
                using FileStream part = File.OpenRead(path);
                part.Position = headerBytes;
                part.CopyTo(stream);
            }
            return parts.Rows;
        }
    }

    sealed class PartElements<T>(PartFiles parts, Func<string, IEnumerable<T[]>> read)
        : StoredElements<T> where T : unmanaged
    {
        readonly StoredRows _empty = parts.CreateEmpty();

        public override int Columns => _empty.Columns;

        public override string NpyType => _empty.NpyType;

        public override string SafetensorsType => _empty.SafetensorsType;

        public override IEnumerable<T[]> Chunks() => parts.Paths.SelectMany(read);
    }
}
