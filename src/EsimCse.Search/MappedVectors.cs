using System.Numerics.Tensors;
using EsimCse.Core;

namespace EsimCse.Search;

/// <summary>A memory-mapped .npy file of vectors in fp32 or fp16, [rows, dimension]. Thread-safe.</summary>
sealed unsafe class MappedVectors : IDisposable
{
    const string Float32 = "<f4", Float16 = "<f2";

    static readonly Dictionary<string, int> Types = new() { [Float32] = sizeof(float), [Float16] = sizeof(ushort) };

    readonly MappedArray _file;

    MappedVectors(MappedArray file) => _file = file;

    /// <summary>The file's path.</summary>
    public string Path => _file.Path;

    /// <summary>Number of vectors.</summary>
    public long Rows => _file.Rows;

    /// <summary>Elements of a vector, at least 1.</summary>
    public int Dimension => _file.Columns;

    /// <summary>Whether elements are fp32; fp16 otherwise.</summary>
    public bool IsFloat32 => _file.Type == Float32;

    /// <summary>Opens a file and checks its header and length.</summary>
    /// <exception cref="InvalidInputException">
    /// It is missing, truncated, not a .npy file, or holds another array than rows of fp32 or fp16 in C order.
    /// </exception>
    public static MappedVectors Open(string path) => new(MappedArray.Open(path, Types));

    /// <summary>Returns the address of a row of fp32, valid until the file is disposed.</summary>
    public nint Address(long row) => _file.Address(row);

    /// <summary>Returns a row of fp32 in the mapped file, valid until the file is disposed.</summary>
    public ReadOnlySpan<float> Row(long row) => new((void*)Address(row), Dimension);

    /// <summary>Reads the rows [first, first + target / dimension) as fp32 and checks them.</summary>
    /// <exception cref="InvalidInputException">An element is not finite; the message names row and column.</exception>
    public void Read(long first, Span<float> target)
    {
        void* source = (void*)Address(first);
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
    public void Dispose() => _file.Dispose();
}
