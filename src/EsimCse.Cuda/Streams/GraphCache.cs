using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>
/// CUDA graphs of one stream by key. The first call with a key runs the work eagerly, which loads kernels, chooses
/// algorithms and sizes scratch memory; the second captures it; from then on the graph is launched. A capture that
/// another library's call ended is tried again the next time. Of too many keys the one that was not used for the
/// longest time is forgotten.
/// </summary>
sealed class GraphCache(nint stream, Lock captureLock, PendingSums sums)
{
    const int MaxGraphs = 256;

    readonly Dictionary<GraphKey, Entry> _entries = [];

    long _runs;

    public void Run(GraphKey key, Action work)
    {
        _runs++;
        if (!_entries.TryGetValue(key, out Entry? entry))
        {
            if (_entries.Count >= MaxGraphs) RemoveOldest();
            // Before the entry is added: the work may clear the cache.
            work();
            _entries[key] = new Entry { LastRun = _runs };
            return;
        }
        entry.LastRun = _runs;
        if (entry.Graph == 0) entry.Graph = Capture(work);
        if (entry.Graph == 0) work();
        else CudaDriver.GraphLaunch(entry.Graph, stream).ThrowIfFailed($"cuGraphLaunch of the graph {key.Part}");
    }

    public void Clear()
    {
        foreach (Entry entry in _entries.Values) Destroy(entry);
        _entries.Clear();
    }

    void RemoveOldest()
    {
        (GraphKey key, Entry entry) = _entries.MinBy(pair => pair.Value.LastRun);
        Destroy(entry);
        _entries.Remove(key);
    }

    // One that still runs is destroyed at its end.
    static void Destroy(Entry entry)
    {
        if (entry.Graph != 0) CudaDriver.GraphExecDestroy(entry.Graph);
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

    sealed class Entry
    {
        /// <summary>The executable graph; 0 until the second call.</summary>
        public nint Graph { get; set; }

        /// <summary>The number of the last call.</summary>
        public long LastRun { get; set; }
    }
}
