namespace EsimCse.Core.Backend;

/// <summary>
/// A buffer for an asynchronous copy from the device to the host. <see cref="IBackend.Download"/> waits for all
/// queued work, this waits for its copy only.
/// </summary>
public interface IHostCopy : IDisposable
{
    /// <summary>
    /// Queues a copy of a matrix of at most the buffer's size after all work queued so far. The previous copy must have
    /// been read with <see cref="Wait"/>.
    /// </summary>
    void Begin(Matrix source);

    /// <summary>Whether the copy has arrived, so that <see cref="Wait"/> returns at once.</summary>
    bool IsCompleted { get; }

    /// <summary>Waits for the copy and reads it, into as many bytes as the matrix has. On any thread.</summary>
    void Wait<T>(Span<T> target) where T : unmanaged;
}
