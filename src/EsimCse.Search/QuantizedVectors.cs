using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;

namespace EsimCse.Search;

/// <summary>
/// The vectors of an index rounded to bytes, in two memory-mapped files of its folder. A search reads them in place of
/// the vectors, four times the size, and of those only the rows that the rounding leaves in doubt. Thread-safe.
/// </summary>
sealed unsafe class QuantizedVectors : IDisposable
{
    /// <summary>Names of the files: a <see cref="BytePanels"/> a row, and a <see cref="QuantizedRow"/> a row.</summary>
    public const string PanelsName = "quantized-panels.npy", RowsName = "quantized-rows.npy";

    const string Byte = "|u1", Float32 = "<f4";

    readonly int _dimension;

    readonly MappedArray _panels;
    readonly MappedArray _rows;

    QuantizedVectors(MappedArray panels, MappedArray rows, int dimension)
    {
        _panels = panels;
        _rows = rows;
        _dimension = dimension;
    }

    /// <summary>Opens the files of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="vectors">The vectors of which they are the rounded ones.</param>
    /// <exception cref="InvalidInputException">A file is missing, not valid, or has other sizes.</exception>
    public static QuantizedVectors Open(string folder, MappedVectors vectors)
    {
        (long rows, int dimension) = (vectors.Rows, vectors.Dimension);
        int panelBytes = BytePanels.Bytes(dimension);
        MappedArray panels = Open(folder, PanelsName, Byte, sizeof(byte), BytePanels.Count(rows), panelBytes);
        try
        {
            MappedArray scales = Open(folder, RowsName, Float32, sizeof(float), rows, QuantizedRow.Columns);
            return new(panels, scales, dimension);
        }
        catch
        {
            panels.Dispose();
            throw;
        }
    }

    /// <summary>Returns the panels of rows as a matrix [count, dimension], valid until the files' disposal.</summary>
    /// <param name="first">The first row, of a panel.</param>
    /// <param name="count">Number of rows.</param>
    public Matrix Panels(long first, int count) =>
        new(_panels.Address(first / BytePanels.Rows), count, _dimension, ElementType.Int8);

    /// <summary>Returns the scales, norms and errors of rows, valid until the files are disposed.</summary>
    public ReadOnlySpan<QuantizedRow> Rows(long first, int count) => new((void*)_rows.Address(first), count);

    /// <inheritdoc/>
    public void Dispose()
    {
        _panels.Dispose();
        _rows.Dispose();
    }

    static MappedArray Open(string folder, string name, string type, int elementBytes, long rows, int columns)
    {
        MappedArray array = MappedArray.Open(
            Path.Combine(folder, name), new Dictionary<string, int> { [type] = elementBytes });
        if (array.Rows == rows && array.Columns == columns) return array;
        array.Dispose();
        throw new InvalidInputException(
            $"{array.Path}: found {array.Rows} rows of {array.Columns}, expected {rows} of {columns}");
    }

    /// <summary>Writes the files, rows after rows.</summary>
    public sealed class Writer : IDisposable
    {
        readonly FileStream _panels;
        readonly FileStream _rows;
        readonly int _dimension;

        /// <summary>Creates the files in a folder.</summary>
        public Writer(string folder, long rows, int dimension)
        {
            _dimension = dimension;
            byte[] panels = NpyHeader.Create(Byte, BytePanels.Count(rows), BytePanels.Bytes(dimension));
            _panels = Create(Path.Combine(folder, PanelsName), panels);
            _rows = Create(Path.Combine(folder, RowsName), NpyHeader.Create(Float32, rows, QuantizedRow.Columns));
        }

        /// <summary>Rounds vectors and writes them.</summary>
        /// <param name="vectors">
        /// The vectors, [count, dimension], finite; count is a multiple of a panel's rows unless they are the last.
        /// </param>
        public void Write(ReadOnlyMemory<float> vectors)
        {
            QuantizedRow[] rows = new QuantizedRow[vectors.Length / _dimension];
            int panelBytes = BytePanels.Bytes(_dimension);
            int panels = (int)BytePanels.Count(rows.Length);
            byte[] bytes = new byte[panels * panelBytes];
            Parallel.For(0, panels, panel =>
            {
                int first = panel * BytePanels.Rows;
                int count = Math.Min(BytePanels.Rows, rows.Length - first);
                ReadOnlySpan<float> part = vectors.Span.Slice(first * _dimension, count * _dimension);
                Quantize(part, rows.AsSpan(first, count), bytes.AsSpan(panel * panelBytes, panelBytes));
            });
            _panels.Write(bytes);
            _rows.Write(MemoryMarshal.AsBytes<QuantizedRow>(rows));
        }

        /// <summary>Flushes both files to the disk.</summary>
        public void Flush()
        {
            _panels.Flush(flushToDisk: true);
            _rows.Flush(flushToDisk: true);
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            _panels.Dispose();
            _rows.Dispose();
        }

        void Quantize(ReadOnlySpan<float> vectors, Span<QuantizedRow> rows, Span<byte> panel)
        {
            sbyte[] numbers = new sbyte[vectors.Length];
            for (int row = 0; row < rows.Length; row++)
                rows[row] = QuantizedRow.Compute(
                    vectors.Slice(row * _dimension, _dimension), numbers.AsSpan(row * _dimension, _dimension));
            BytePanels.Pack(numbers, _dimension, panel);
        }

        static FileStream Create(string path, byte[] header)
        {
            FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            file.Write(header);
            return file;
        }
    }
}
