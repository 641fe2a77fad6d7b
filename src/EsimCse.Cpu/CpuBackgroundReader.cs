using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

/// <summary>A reader that waits for nothing: the CPU queues no work.</summary>
sealed class CpuBackgroundReader(CpuBackend backend) : IBackgroundReader
{
    public void Mark() { }

    public void Read<T>(Matrix source, Span<T> target) where T : unmanaged => backend.Download(source, target);

    public void Dispose() { }
}
