using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EsimCse.Core.Files;

/// <summary>A memory-mapped safetensors file. Its header is checked when it is opened.</summary>
sealed unsafe class SafetensorsFile : IDisposable
{
    readonly FileStream _stream;
    readonly MemoryMappedFile _mapping;
    readonly MemoryMappedViewAccessor _view;
    readonly byte* _data;

    SafetensorsFile(string path, FileStream stream)
    {
        Path = path;
        _stream = stream;
        SafetensorsHeader header = SafetensorsHeader.Read(stream, path);
        Tensors = header.Tensors;
        Metadata = header.Metadata;
        _mapping = MemoryMappedFile.CreateFromFile(
            stream, null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* data = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
        _data = data + _view.PointerOffset;
    }

    public string Path { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>The entries of __metadata__.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="InvalidInputException">The file is missing, or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        InputFile.Require(path);
        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            return new SafetensorsFile(path, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads a tensor of fp32, fp16, bf16 or fp64 as fp32.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="target">Receives the elements; as long as the tensor.</param>
    /// <exception cref="InvalidInputException">The tensor is of another type.</exception>
    public void ReadFloats(StoredTensor tensor, Span<float> target)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (target.Length != tensor.Count)
            throw new ArgumentException($"{tensor.Name}: {tensor.Count} elements do not fit {target.Length}");
        switch (tensor.Type)
        {
            case "F32":
                Span<float>(tensor).CopyTo(target);
                break;
            case "F16":
                TensorPrimitives.ConvertToSingle(Span<Half>(tensor), target);
                break;
            case "BF16":
                ReadOnlySpan<ushort> halves = Span<ushort>(tensor);
                for (int i = 0; i < target.Length; i++)
                    target[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
            case "F64":
                ReadOnlySpan<double> doubles = Span<double>(tensor);
                for (int i = 0; i < target.Length; i++) target[i] = (float)doubles[i];
                break;
            default:
                throw WrongType(tensor);
        }
    }

    /// <summary>Checks that a tensor has a shape, and a type that <see cref="ReadFloats"/> reads.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="reason">The setting that asks for the shape, for the message.</param>
    /// <exception cref="InvalidInputException">It has another shape or type.</exception>
    public void Require(StoredTensor tensor, IReadOnlyList<int> shape, string reason)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (!tensor.Shape.SequenceEqual(shape.Select(size => (long)size)))
            throw Wrong(tensor, $"found shape {Brackets(tensor.Shape)}, expected {Brackets(shape)} by {reason}");
        if (tensor.Type is not ("F32" or "F16" or "BF16" or "F64")) throw WrongType(tensor);
    }

    /// <summary>Reads a tensor by <see cref="ReadFloats"/> and checks that every element is finite.</summary>
    /// <exception cref="InvalidInputException">The tensor is of another type, or an element is not finite.</exception>
    public float[] ReadFinite(StoredTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        float[] values = new float[tensor.Count];
        ReadFloats(tensor, values);
        for (int i = 0; i < values.Length; i++)
            if (!float.IsFinite(values[i]))
                throw Wrong(tensor, $"element {i} is {values[i]}, expected a finite number");
        return values;
    }

    /// <summary>Returns the tensor's bytes in the mapped file, valid until the file is disposed.</summary>
    public ReadOnlySpan<T> Span<T>(StoredTensor tensor) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return MemoryMarshal.Cast<byte, T>(new ReadOnlySpan<byte>(_data + tensor.Begin, checked((int)tensor.Bytes)));
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
        _stream.Dispose();
    }

    static string Brackets<T>(IEnumerable<T> shape) => $"[{string.Join(",", shape)}]";

    InvalidInputException WrongType(StoredTensor tensor) =>
        Wrong(tensor, $"found {tensor.Type}, expected F32, F16, BF16 or F64");

    InvalidInputException Wrong(StoredTensor tensor, string problem) =>
        new($"{Path}: tensor '{tensor.Name}': {problem}");
}
