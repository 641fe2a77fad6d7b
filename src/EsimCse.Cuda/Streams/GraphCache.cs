using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>
/// CUDA graphs of one stream by key. The first call with a key runs the work eagerly, which loads kernels, chooses
/// algorithms and sizes scratch memory; the second captures it; from then on the graph is launched. A capture that
/// another library's call ended is tried again the next time.
/// </summary>
sealed class GraphCache(nint stream, Lock captureLock, PendingSums sums)
{
    const int MaxGraphs = 256;

    // 0 until the second call
    readonly Dictionary<GraphKey, nint> _graphs = [];

    public void Run(GraphKey key, Action work)
    {
        if (!_graphs.TryGetValue(key, out nint graph))
        {
            if (_graphs.Count >= MaxGraphs) Clear();
            work();
            _graphs[key] = 0;
            return;
        }
        if (graph == 0) _graphs[key] = graph = Capture(work);
        if (graph == 0) work();
        else CudaDriver.GraphLaunch(graph, stream).ThrowIfFailed($"cuGraphLaunch of the graph {key.Part}");
    }

    public void Clear()
    {
        foreach (nint graph in _graphs.Values)
            if (graph != 0) CudaDriver.GraphExecDestroy(graph);
        _graphs.Clear();
    }

    /// <summary>Returns an executable graph; 0 if another thread ended the capture.</summary>
    nint Capture(Action work)
    {
        nint graph;
        lock (captureLock) graph = Record(work);
        if (graph == 0) return 0;
        try
        {
            CudaDriver.GraphInstantiateWithFlags(out nint executable, graph, 0).ThrowIfFailed();
            return executable;
        }
        finally
        {
            CudaDriver.GraphDestroy(graph);
        }
    }

    nint Record(Action work)
    {
        CudaDriver.StreamBeginCapture(stream, CudaStreamCaptureMode.ThreadLocal).ThrowIfFailed();
        nint graph;
        try
        {
            work();
        }
        catch
        {
            sums.Clear();
            CudaResult ended = CudaDriver.StreamEndCapture(stream, out graph);
            if (ended == CudaResult.StreamCaptureInvalidated) return 0;
            if (ended == CudaResult.Success && graph != 0) CudaDriver.GraphDestroy(graph);
            throw;
        }
        CudaResult result = CudaDriver.StreamEndCapture(stream, out graph);
        if (result == CudaResult.StreamCaptureInvalidated) return 0;
        result.ThrowIfFailed();
        return graph;
    }
}
