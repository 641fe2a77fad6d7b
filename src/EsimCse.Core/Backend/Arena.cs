using System.Diagnostics.CodeAnalysis;

namespace EsimCse.Core.Backend;

/// <summary>
/// One allocation from which matrices are carved in declaration order and freed together. Without a backend it only
/// measures the size that a real arena needs.
/// </summary>
public sealed class Arena : IDisposable
{
    internal const int Alignment = 256;

    readonly IBackend? _backend;
    nint _address;
    long _capacity;
    long _next;
    long _used;

    /// <summary>Creates an empty arena.</summary>
    /// <param name="backend">The owner of the memory; null to measure.</param>
    public Arena(IBackend? backend) => _backend = backend;

    /// <summary>The most bytes in use at one time since <see cref="Reset"/>.</summary>
    public long Used => _used;

    /// <summary>The place of the next matrix, for <see cref="Rewind"/>.</summary>
    public long Position => _next;

    /// <summary>Takes all matrices back and grows the arena to at least that many bytes.</summary>
    public void Reset(long bytes)
    {
        _used = 0;
        _next = 0;
        if (bytes <= _capacity || _backend is null) return;
        Free();
        _address = _backend.Allocate(bytes);
        _capacity = bytes;
    }

    /// <summary>
    /// Takes all matrices back and carves new ones, after growing to the size that they need. The allocation runs
    /// twice: on an arena that measures, then on this one.
    /// </summary>
    internal T Carve<T>(Func<Arena, T> allocate)
    {
        using Arena measure = new(null);
        allocate(measure);
        Reset(measure.Used);
        return allocate(this);
    }

    /// <summary>Carves the next matrix; its content is undefined.</summary>
    /// <exception cref="InvalidOperationException">The arena is full.</exception>
    public Matrix Allocate(int rows, int columns, ElementType type = ElementType.Float32)
    {
        Matrix matrix = new(_address + (nint)_next, rows, columns, type);
        _next += (matrix.Bytes + Alignment - 1) / Alignment * Alignment;
        _used = Math.Max(_used, _next);
        if (_backend is not null && _used > _capacity) ThrowFull(matrix);
        return matrix;
    }

    /// <summary>
    /// Carves the next matrix at an earlier <see cref="Position"/>: the matrices from there on share their memory with
    /// those that follow.
    /// </summary>
    public void Rewind(long position) => _next = position;

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        _used = 0;
        _next = 0;
    }

    void Free()
    {
        _backend?.Free(_address);
        _address = 0;
        _capacity = 0;
    }

    [DoesNotReturn]
    void ThrowFull(Matrix matrix) =>
        throw new InvalidOperationException($"{matrix} does not fit an arena of {_capacity} bytes");
}
