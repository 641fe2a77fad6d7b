using System.Runtime.InteropServices;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

/// <summary>A host copy that is complete as soon as it has begun: the CPU queues nothing.</summary>
sealed class CpuHostCopy(CpuBackend backend, int bytes) : IHostCopy
{
    readonly byte[] _bytes = new byte[bytes];
    int _length;

    public bool IsCompleted => true;

    public void Begin(Matrix source)
    {
        _length = checked((int)source.Bytes);
        backend.Download(source, _bytes.AsSpan(0, _length));
    }

    public void Wait<T>(Span<T> target) where T : unmanaged =>
        _bytes.AsSpan(0, _length).CopyTo(MemoryMarshal.AsBytes(target));

    public void Dispose() { }
}
