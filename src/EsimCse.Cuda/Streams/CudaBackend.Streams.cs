using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Streams;

namespace EsimCse.Cuda;

/// <summary>The main and the side stream, and CUDA graphs.</summary>
partial class CudaBackend
{
    readonly StreamContext _main;
    readonly StreamContext _side;
    readonly nint _forked;
    readonly nint _joined;
    StreamContext _currentStream;
    bool _sideStreamPending;

    /// <summary>The stream of all work but that of <see cref="RunOnSideStream"/>.</summary>
    internal nint MainStream => _main.Stream;

    /// <summary>Whether repeated work is captured as CUDA graphs. The bits are the same.</summary>
    internal bool UsesGraphs { get; init; } = true;

    /// <summary>Whether <see cref="RunOnSideStream"/> uses a second stream. The bits are the same.</summary>
    internal bool UsesTwoStreams { get; init; } = true;

    /// <inheritdoc/>
    public void RunGraph(GraphKey key, Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        MakeCurrent();
        if (UsesGraphs) _currentStream.Graphs.Run(key, work);
        else work();
        // A graph would add them only where the work after it does.
        if (_currentStream.Sums.Count > 0)
            throw new InvalidOperationException($"the graph {key.Part} ends before {nameof(FinishGradients)}");
    }

    /// <inheritdoc/>
    public void RunOnSideStream(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        MakeCurrent();
        if (!UsesTwoStreams)
        {
            work();
            return;
        }
        WaitForSideStream();
        CudaDriver.EventRecord(_forked, _main.Stream).ThrowIfFailed();
        CudaDriver.StreamWaitEvent(_side.Stream, _forked, 0).ThrowIfFailed();
        _currentStream = _side;
        try
        {
            work();
        }
        finally
        {
            _currentStream = _main;
        }
        CudaDriver.EventRecord(_joined, _side.Stream).ThrowIfFailed();
        _sideStreamPending = true;
    }

    /// <inheritdoc/>
    public void WaitForSideStream()
    {
        if (!_sideStreamPending) return;
        MakeCurrent();
        CudaDriver.StreamWaitEvent(_main.Stream, _joined, 0).ThrowIfFailed();
        _sideStreamPending = false;
    }
}
