using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>Vectors on their way to the host. Their buffers are used again. Thread-safe.</summary>
sealed class VectorCopies(IBackend backend) : IDisposable
{
    const int SmallestBuffer = 1 << 16;

    readonly Lock _lock = new();
    readonly List<(IHostCopy Copy, long Bytes)> _free = [];

    /// <summary>Begins to copy vectors to the host.</summary>
    public Pending Begin(Matrix vectors)
    {
        (IHostCopy copy, long bytes) = Rent(vectors.Bytes);
        copy.Begin(vectors);
        return new Pending(this, copy, bytes, checked((int)vectors.Count));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((IHostCopy copy, _) in _free) copy.Dispose();
        _free.Clear();
    }

    (IHostCopy Copy, long Bytes) Rent(long bytes)
    {
        lock (_lock)
            while (_free.Count > 0)
            {
                (IHostCopy Copy, long Bytes) last = _free[^1];
                _free.RemoveAt(_free.Count - 1);
                if (last.Bytes >= bytes) return last;
                last.Copy.Dispose();
            }
        int size = SmallestBuffer;
        while (size < bytes) size = checked(2 * size);
        return (backend.CreateHostCopy(size), size);
    }

    void Return(IHostCopy copy, long bytes)
    {
        lock (_lock) _free.Add((copy, bytes));
    }

    /// <summary>The vectors of a batch that the device may still compute.</summary>
    internal sealed class Pending(VectorCopies owner, IHostCopy copy, long bytes, int count) : IPendingVectors
    {
        public float[] Wait()
        {
            float[] vectors = GC.AllocateUninitializedArray<float>(count);
            try
            {
                copy.Wait(vectors.AsSpan());
            }
            finally
            {
                owner.Return(copy, bytes);
            }
            return vectors;
        }

        public void Cancel() => copy.Dispose();
    }
}
