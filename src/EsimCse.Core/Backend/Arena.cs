namespace EsimCse.Core.Backend;

/// <summary>
/// One allocation, handed out in the order of asking, and all taken back at once. Without a backend it only measures, which tells how large the real one must be.
/// </summary>
public sealed class Arena : IDisposable
{
    internal const int Alignment = 64;

    readonly IBackend? _backend;
    nint _address;
    long _capacity, _used;

    /// <summary>An empty arena of a backend; null to measure.</summary>
    public Arena(IBackend? backend) => _backend = backend;

    /// <summary>Bytes handed out.</summary>
    public long Used => _used;

    /// <summary>Takes everything back, and makes room for at least so many bytes.</summary>
    public void Reset(long bytes)
    {
        _used = 0;
        if (bytes <= _capacity || _backend is null) return;
        _backend.Free(_address);
        (_address, _capacity) = (0, 0);
        _address = _backend.Allocate(bytes);
        _capacity = bytes;
    }

    /// <summary>The next piece; its content is undefined.</summary>
    /// <exception cref="InvalidOperationException">More than the arena was measured for.</exception>
    public Matrix Allocate(int rows, int columns, ElementType type = ElementType.Float32)
    {
        Matrix matrix = new(_address + (nint)_used, rows, columns, type);
        _used += (matrix.Bytes + Alignment - 1) / Alignment * Alignment;
        if (_backend is not null && _used > _capacity) throw new InvalidOperationException($"{matrix} does not fit an arena of {_capacity} bytes");
        return matrix;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _backend?.Free(_address);
        (_address, _capacity, _used) = (0, 0, 0);
    }
}
