namespace EsimCse.Core.Backend;

/// <summary>
/// Copies from the device to the host on another thread than the backend's, while the device goes on. The memory that
/// it reads must not be written meanwhile.
/// </summary>
public interface IBackgroundReader : IDisposable
{
    /// <summary>Makes later reads wait for the work queued so far. Not during a read.</summary>
    void Mark();

    /// <summary>Waits for the marked work, then copies to the host: target = source. On any thread.</summary>
    void Read<T>(Matrix source, Span<T> target) where T : unmanaged;
}
