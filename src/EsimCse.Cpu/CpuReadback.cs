using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

/// <summary>The CPU has done what it was asked for: a copy.</summary>
sealed class CpuReadback(CpuBackend backend, int bytes) : IReadback
{
    readonly byte[] _taken = new byte[bytes];

    public bool IsThere => true;

    public void Take(Matrix source) => backend.Download(source, _taken.AsSpan());

    public void Read<T>(Span<T> target) where T : unmanaged => _taken.CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(target));

    public void Dispose() { }
}
