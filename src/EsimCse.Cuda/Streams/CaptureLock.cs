using System.Collections.Concurrent;

namespace EsimCse.Cuda.Streams;

/// <summary>
/// One lock for each device of the process: held while a graph is captured, and during calls that synchronise the
/// context, which would end the captures of other threads. Those are the loading of modules and kernels, the creation
/// of cuBLASLt's handles, and first runs of products; allocations, copies and waits for streams are none.
/// </summary>
static class CaptureLock
{
    static readonly ConcurrentDictionary<int, Lock> Locks = new();

    public static Lock Of(CudaDevice device) => Locks.GetOrAdd(device.Ordinal, _ => new Lock());
}
