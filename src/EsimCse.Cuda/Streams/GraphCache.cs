using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>
/// Work recorded as CUDA graphs. The first time it runs as it is, which loads kernels, chooses algorithms and sizes scratch memory; the second time it is recorded;
/// from then on one launch stands for all its launches.
/// </summary>
sealed class GraphCache(nint stream)
{
    const int Most = 256;

    readonly Dictionary<GraphKey, nint> _graphs = [];

    public void Run(GraphKey key, Action work)
    {
        if (!_graphs.TryGetValue(key, out nint graph))
        {
            if (_graphs.Count >= Most) Clear();
            work();
            _graphs[key] = 0;
            return;
        }
        if (graph == 0) _graphs[key] = graph = Record(work);
        CudaDriver.GraphLaunch(graph, stream).ThrowIfFailed($"the recorded graph {key.Part}");
    }

    public void Clear()
    {
        foreach (nint graph in _graphs.Values)
            if (graph != 0) CudaDriver.GraphExecDestroy(graph);
        _graphs.Clear();
    }

    nint Record(Action work)
    {
        CudaDriver.StreamBeginCapture(stream, CudaDriver.CaptureThreadLocal).ThrowIfFailed();
        nint graph = 0;
        try
        {
            work();
        }
        catch
        {
            if (CudaDriver.StreamEndCapture(stream, out graph) == CudaResult.Success && graph != 0) CudaDriver.GraphDestroy(graph);
            throw;
        }
        CudaDriver.StreamEndCapture(stream, out graph).ThrowIfFailed();
        try
        {
            CudaDriver.GraphInstantiate(out nint executable, graph, 0).ThrowIfFailed();
            return executable;
        }
        finally
        {
            CudaDriver.GraphDestroy(graph);
        }
    }
}
