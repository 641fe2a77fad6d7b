using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>
/// Double-buffered copies between pageable host memory and the device. The host fills one page-locked half while the
/// device reads the other; an event per half tells when it may be filled again.
/// </summary>
sealed unsafe class PinnedStaging : IDisposable
{
    const int HalfBytes = 4 << 20;

    readonly nint _stream;
    readonly byte* _memory;
    readonly nint[] _copied = new nint[2];
    int _half;

    public PinnedStaging(nint stream)
    {
        _stream = stream;
        const int bytes = 2 * HalfBytes;
        CudaDriver.MemHostAlloc(out _memory, bytes, 0).ThrowIfFailed($"cuMemHostAlloc of {bytes} bytes");
        for (int half = 0; half < 2; half++)
        {
            CudaDriver.EventCreate(out _copied[half], CudaEventFlags.DisableTiming).ThrowIfFailed();
            CudaDriver.EventRecord(_copied[half], stream).ThrowIfFailed();
        }
    }

    /// <summary>Enqueues a copy to the device. The source may be reused at once.</summary>
    public void Upload(ReadOnlySpan<byte> source, nint target)
    {
        for (int start = 0; start < source.Length; start += HalfBytes)
        {
            ReadOnlySpan<byte> chunk = source.Slice(start, Math.Min(HalfBytes, source.Length - start));
            byte* half = WaitForNextHalf();
            chunk.CopyTo(new Span<byte>(half, chunk.Length));
            CudaDriver.MemcpyHtoDAsync(target + start, half, (nuint)chunk.Length, _stream).ThrowIfFailed();
            CudaDriver.EventRecord(_copied[_half], _stream).ThrowIfFailed();
        }
    }

    /// <summary>Copies to the host, after everything enqueued before.</summary>
    public void Download(nint source, Span<byte> target)
    {
        for (int start = 0; start < target.Length; start += HalfBytes)
        {
            Span<byte> chunk = target.Slice(start, Math.Min(HalfBytes, target.Length - start));
            byte* half = WaitForNextHalf();
            CudaDriver.MemcpyDtoHAsync(half, source + start, (nuint)chunk.Length, _stream).ThrowIfFailed();
            CudaDriver.EventRecord(_copied[_half], _stream).ThrowIfFailed();
            CudaDriver.StreamSynchronize(_stream).ThrowIfFailed();
            new ReadOnlySpan<byte>(half, chunk.Length).CopyTo(chunk);
        }
        if (target.IsEmpty) CudaDriver.StreamSynchronize(_stream).ThrowIfFailed();
    }

    public void Dispose()
    {
        foreach (nint copied in _copied) CudaDriver.EventDestroy(copied);
        CudaDriver.MemFreeHost(_memory);
    }

    byte* WaitForNextHalf()
    {
        _half = 1 - _half;
        CudaDriver.EventSynchronize(_copied[_half]).ThrowIfFailed();
        return _memory + _half * HalfBytes;
    }
}
