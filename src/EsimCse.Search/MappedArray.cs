using System.IO.MemoryMappedFiles;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Search;

/// <summary>A memory-mapped .npy file of a matrix. Thread-safe.</summary>
sealed unsafe class MappedArray : IDisposable
{
    readonly MemoryMappedFile _mapping;
    readonly MemoryMappedViewAccessor _view;
    readonly byte* _data;
    readonly long _rowBytes;

    MappedArray(string path, FileStream stream, IReadOnlyDictionary<string, int> types)
    {
        Path = path;
        NpyHeader header = NpyHeader.Read(stream, path);
        if (!types.TryGetValue(header.Type, out int elementBytes)) throw WrongType(path, header.Type, types.Keys);
        Type = header.Type;
        if (header.Shape is not [long rows, >= 1 and <= int.MaxValue / sizeof(float)])
            throw WrongShape(path, header.Shape);
        Rows = rows;
        Columns = (int)header.Shape[1];
        _rowBytes = (long)Columns * elementBytes;
        Int128 expected = header.DataOffset + (Int128)rows * _rowBytes;
        if (stream.Length != expected)
            throw new InvalidInputException(
                $"{path}: found {stream.Length} bytes, expected {expected} for {rows} rows of {Columns}");
        _mapping = MemoryMappedFile.CreateFromFile(
            stream, null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _data = start + _view.PointerOffset + header.DataOffset;
    }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>The type of an element as numpy spells it.</summary>
    public string Type { get; }

    /// <summary>Number of rows.</summary>
    public long Rows { get; }

    /// <summary>Elements of a row, at least 1.</summary>
    public int Columns { get; }

    /// <summary>Opens a file and checks its header and length.</summary>
    /// <param name="path">The file.</param>
    /// <param name="types">The types that are accepted, with the bytes of an element.</param>
    /// <exception cref="InvalidInputException">
    /// It is missing, truncated, not a .npy file, or holds another array than rows of these types in C order.
    /// </exception>
    public static MappedArray Open(string path, IReadOnlyDictionary<string, int> types)
    {
        InputFile.Require(path);
        FileStream stream = OpenStream(path);
        try
        {
            return new MappedArray(path, stream, types);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Returns the address of a row, valid until the file is disposed.</summary>
    public nint Address(long row) => (nint)(_data + row * _rowBytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
    }

    static FileStream OpenStream(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    static InvalidInputException WrongType(string path, string type, IEnumerable<string> expected) =>
        new($"{path}: found elements of type {type}, expected {string.Join(" or ", expected)}");

    static InvalidInputException WrongShape(string path, long[] shape) =>
        new($"{path}: found shape ({string.Join(", ", shape)}), expected rows x dimension");
}
