using System.Runtime.InteropServices;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

/// <summary>A host copy that is complete as soon as it has begun: the CPU queues nothing.</summary>
sealed class CpuHostCopy(CpuBackend backend, int bytes) : IHostCopy
{
    readonly byte[] _bytes = new byte[bytes];

    public bool IsCompleted => true;

    public void Begin(Matrix source) => backend.Download(source, _bytes.AsSpan());

    public void Wait<T>(Span<T> target) where T : unmanaged => _bytes.CopyTo(MemoryMarshal.AsBytes(target));

    public void Dispose() { }
}
