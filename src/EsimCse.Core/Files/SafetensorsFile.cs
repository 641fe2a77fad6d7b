using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EsimCse.Core.Files;

/// <summary>A safetensors file, mapped into memory: its header is checked when it is opened, its data is read when asked for.</summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    readonly FileStream _stream;
    readonly MemoryMappedFile? _mapping;
    readonly MemoryMappedViewAccessor? _view;
    readonly byte* _data;

    SafetensorsFile(string path, FileStream stream)
    {
        (Path, _stream) = (path, stream);
        (Dictionary<string, StoredTensor> tensors, Dictionary<string, string> metadata) = SafetensorsHeader.Read(stream, path);
        (Tensors, Metadata) = (tensors, metadata);
        _mapping = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* data = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
        _data = data + _view.PointerOffset;
    }

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>What __metadata__ says.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="InvalidInputException">It is missing, or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file");
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

    /// <summary>The tensor as fp32, from fp32, fp16, bf16 or fp64.</summary>
    /// <exception cref="InvalidInputException">It is of another type.</exception>
    public void ReadFloats(StoredTensor tensor, Span<float> target)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (target.Length != tensor.Count) throw new ArgumentException($"{tensor.Name}: {tensor.Count} elements do not fit {target.Length}");
        switch (tensor.Type)
        {
            case "F32": Span<float>(tensor).CopyTo(target); break;
            case "F16": TensorPrimitives.ConvertToSingle(Span<Half>(tensor), target); break;
            case "BF16":
                ReadOnlySpan<ushort> halves = Span<ushort>(tensor);
                for (int i = 0; i < target.Length; i++) target[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
            case "F64":
                ReadOnlySpan<double> doubles = Span<double>(tensor);
                for (int i = 0; i < target.Length; i++) target[i] = (float)doubles[i];
                break;
            default: throw new InvalidInputException($"{Path}: tensor '{tensor.Name}': found {tensor.Type}, expected F32, F16, BF16 or F64");
        }
    }

    /// <summary>The same, where every element must be finite.</summary>
    /// <exception cref="InvalidInputException">It is of another type, or an element is not finite.</exception>
    public void ReadFinite(StoredTensor tensor, Span<float> target)
    {
        ReadFloats(tensor, target);
        for (int i = 0; i < target.Length; i++)
            if (!float.IsFinite(target[i])) throw new InvalidInputException($"{Path}: tensor '{tensor.Name}': element {i} is {target[i]}, expected a finite number");
    }

    /// <summary>The tensor's bytes as they lie.</summary>
    public ReadOnlySpan<T> Span<T>(StoredTensor tensor) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return MemoryMarshal.Cast<byte, T>(new ReadOnlySpan<byte>(_data + tensor.Begin, checked((int)tensor.Bytes)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _mapping?.Dispose();
        _stream.Dispose();
    }
}
