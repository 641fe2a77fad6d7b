using EsimCse.Core.Backend;

namespace EsimCse.Core.Training;

/// <summary>
/// A copy of matrices in device memory, from which a file is written while the run goes on. Where the device has no
/// memory for it, the run waits for the file instead.
/// </summary>
sealed class Snapshot(IBackend backend, BackgroundWriter writer) : IDisposable
{
    readonly Arena _arena = new(backend);
    readonly IBackgroundReader _reader = backend.CreateBackgroundReader();
    IReadOnlyList<(string Name, Matrix Matrix)> _matrices = [];
    Task _written = Task.CompletedTask;
    bool? _hasMemory;

    /// <summary>
    /// Waits until the earlier content is written, then copies the matrices, after the work queued so far. Without
    /// memory they are kept as they are, and <see cref="Write"/> must follow at once.
    /// </summary>
    /// <returns>Whether they were copied.</returns>
    /// <exception cref="Exception">The earlier content could not be written.</exception>
    public bool Take(IReadOnlyList<(string Name, Matrix Matrix)> matrices)
    {
        Wait();
        _hasMemory ??= TryReserve(matrices);
        _matrices = _hasMemory.Value ? Copy(matrices) : matrices;
        _reader.Mark();
        return _hasMemory.Value;
    }

    /// <summary>Queues the writing of a file from the matrices.</summary>
    /// <exception cref="Exception">An earlier file, or without memory this one, could not be written.</exception>
    public void Write(Action<IBackgroundReader, IReadOnlyList<(string Name, Matrix Matrix)>> write)
    {
        _written = writer.Enqueue(() => write(_reader, _matrices));
        if (_hasMemory is false) Wait();
    }

    /// <summary>Waits until the content is written.</summary>
    /// <exception cref="Exception">It could not be.</exception>
    public void Wait() => _written.GetAwaiter().GetResult();

    /// <summary>Frees the memory. The writer must have ended.</summary>
    public void Dispose()
    {
        _reader.Dispose();
        _arena.Dispose();
    }

    /// <summary>
    /// Allocates the copy if there is memory for twice its size: longer batches than those so far need some of it.
    /// </summary>
    bool TryReserve(IReadOnlyList<(string Name, Matrix Matrix)> matrices)
    {
        long bytes = matrices.Sum(part => part.Matrix.Bytes + Arena.Alignment);
        try
        {
            backend.Free(backend.Allocate(2 * bytes));
            _arena.Reset(bytes);
            return true;
        }
        catch (Exception error) when (error is DeviceMemoryException or OutOfMemoryException)
        {
            return false;
        }
    }

    List<(string Name, Matrix Matrix)> Copy(IReadOnlyList<(string Name, Matrix Matrix)> matrices)
    {
        _arena.Rewind(0);
        List<(string, Matrix)> copies = [];
        foreach ((string name, Matrix matrix) in matrices)
        {
            Matrix copy = _arena.Allocate(matrix.Rows, matrix.Columns, matrix.Type);
            backend.Copy(matrix, copy);
            copies.Add((name, copy));
        }
        return copies;
    }
}
