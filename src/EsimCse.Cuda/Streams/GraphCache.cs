using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>
/// CUDA graphs of one stream by key. The first call with a key runs the work eagerly, which loads kernels, chooses
/// algorithms and sizes scratch memory; the second captures it; from then on the graph is launched.
/// </summary>
sealed class GraphCache(nint stream)
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
        CudaDriver.GraphLaunch(graph, stream).ThrowIfFailed($"cuGraphLaunch of the graph {key.Part}");
    }

    public void Clear()
    {
        foreach (nint graph in _graphs.Values)
            if (graph != 0) CudaDriver.GraphExecDestroy(graph);
        _graphs.Clear();
    }

    nint Capture(Action work)
    {
        CudaDriver.StreamBeginCapture(stream, CudaStreamCaptureMode.ThreadLocal).ThrowIfFailed();
        nint graph = 0;
        try
        {
            work();
        }
        catch
        {
            CudaResult ended = CudaDriver.StreamEndCapture(stream, out graph);
            if (ended == CudaResult.Success && graph != 0) CudaDriver.GraphDestroy(graph);
            throw;
        }
        CudaDriver.StreamEndCapture(stream, out graph).ThrowIfFailed();
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
}
