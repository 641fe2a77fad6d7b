namespace EsimCse.Core.Backend;

/// <summary>Numbers on their way from the device to the host: <see cref="IBackend.Download"/> waits for all that was queued, this only for what it was asked for.</summary>
public interface IHostCopy : IDisposable
{
    /// <summary>Takes what a matrix holds once everything queued so far has run. What was taken before must have been read.</summary>
    void Begin(Matrix source);

    /// <summary>Whether what was taken is there, so that reading it waits for nothing.</summary>
    bool IsCompleted { get; }

    /// <summary>What was taken, once it is there.</summary>
    void Wait<T>(Span<T> target) where T : unmanaged;
}
