using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Search;

/// <summary>A memory-mapped .npy file of vectors in fp32 or fp16, [rows, dimension]. Thread-safe.</summary>
sealed unsafe class MappedVectors : IDisposable
{
    const string Float32 = "<f4", Float16 = "<f2";

    readonly MemoryMappedFile _mapping;
    readonly MemoryMappedViewAccessor _view;
    readonly byte* _data;

    MappedVectors(string path, FileStream stream)
    {
        Path = path;
        NpyHeader header = NpyHeader.Read(stream, path);
        if (header.Type is not (Float32 or Float16))
            throw new InvalidInputException($"{path}: found elements of type {header.Type}, expected <f4 or <f2");
        IsFloat32 = header.Type == Float32;
        if (header.Shape is not [long rows, >= 1 and <= int.MaxValue / sizeof(float)])
            throw WrongShape(path, header.Shape);
        Rows = rows;
        Dimension = (int)header.Shape[1];
        Int128 expected = header.DataOffset + (Int128)rows * Dimension * ElementBytes;
        if (stream.Length != expected)
            throw new InvalidInputException(
                $"{path}: found {stream.Length} bytes, expected {expected} for {rows} rows of {Dimension}");
        _mapping = MemoryMappedFile.CreateFromFile(
            stream, null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _data = start + _view.PointerOffset + header.DataOffset;
    }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>Number of vectors.</summary>
    public long Rows { get; }

    /// <summary>Elements of a vector, at least 1.</summary>
    public int Dimension { get; }

    /// <summary>Whether elements are fp32; fp16 otherwise.</summary>
    public bool IsFloat32 { get; }

    int ElementBytes => IsFloat32 ? sizeof(float) : sizeof(ushort);

    /// <summary>Opens a file and checks its header and length.</summary>
    /// <exception cref="InvalidInputException">
    /// It is missing, truncated, not a .npy file, or holds another array than rows of fp32 or fp16 in C order.
    /// </exception>
    public static MappedVectors Open(string path)
    {
        InputFile.Require(path);
        FileStream stream = OpenStream(path);
        try
        {
            return new MappedVectors(path, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Returns the address of a row of fp32, valid until the file is disposed.</summary>
    public nint Address(long row) => (nint)(_data + row * Dimension * sizeof(float));

    /// <summary>Returns a row of fp32 in the mapped file, valid until the file is disposed.</summary>
    public ReadOnlySpan<float> Row(long row) => new((void*)Address(row), Dimension);

    /// <summary>Reads the rows [first, first + target / dimension) as fp32 and checks them.</summary>
    /// <exception cref="InvalidInputException">An element is not finite; the message names row and column.</exception>
    public void Read(long first, Span<float> target)
    {
        byte* source = _data + first * Dimension * ElementBytes;
        if (IsFloat32) new ReadOnlySpan<float>(source, target.Length).CopyTo(target);
        else TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(source, target.Length), target);
        if (TensorPrimitives.IsFiniteAll<float>(target)) return;
        int wrong = 0;
        while (float.IsFinite(target[wrong])) wrong++;
        (long row, long column) = (first + wrong / Dimension, wrong % Dimension);
        throw new InvalidInputException(
            $"{Path}: row {row}, column {column}: found {target[wrong]}, expected a finite number");
    }

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

    static InvalidInputException WrongShape(string path, long[] shape) =>
        new($"{path}: found shape ({string.Join(", ", shape)}), expected rows x dimension");
}
