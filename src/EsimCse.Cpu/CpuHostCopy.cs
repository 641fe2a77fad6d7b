using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

/// <summary>The CPU has done what it was asked for: a copy.</summary>
sealed class CpuHostCopy(CpuBackend backend, int bytes) : IHostCopy
{
    readonly byte[] _taken = new byte[bytes];

    public bool IsCompleted => true;

    public void Begin(Matrix source) => backend.Download(source, _taken.AsSpan());

    public void Wait<T>(Span<T> target) where T : unmanaged => _taken.CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(target));

    public void Dispose() { }
}
