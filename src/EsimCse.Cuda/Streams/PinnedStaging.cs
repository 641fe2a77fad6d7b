using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>
/// Page-locked memory between the host's and the device's, in two halves: while one is under way to the device the other is filled. A half is filled again only
/// once the event behind its last copy has passed.
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
        CudaDriver.MemHostAlloc(out _memory, 2 * HalfBytes, 0).ThrowIfFailed($"cuMemHostAlloc of {2 * HalfBytes} bytes");
        for (int half = 0; half < 2; half++)
        {
            CudaDriver.EventCreate(out _copied[half], CudaDriver.EventDisableTiming).ThrowIfFailed();
            CudaDriver.EventRecord(_copied[half], stream).ThrowIfFailed();
        }
    }

    public void Upload(ReadOnlySpan<byte> source, nint target)
    {
        for (int done = 0; done < source.Length; done += HalfBytes)
        {
            ReadOnlySpan<byte> piece = source.Slice(done, Math.Min(HalfBytes, source.Length - done));
            byte* half = NextHalf();
            piece.CopyTo(new Span<byte>(half, piece.Length));
            CudaDriver.CopyToDevice(target + done, half, (nuint)piece.Length, _stream).ThrowIfFailed();
            CudaDriver.EventRecord(_copied[_half], _stream).ThrowIfFailed();
        }
    }

    public void Download(nint source, Span<byte> target)
    {
        for (int done = 0; done < target.Length; done += HalfBytes)
        {
            Span<byte> piece = target.Slice(done, Math.Min(HalfBytes, target.Length - done));
            byte* half = NextHalf();
            CudaDriver.CopyToHost(half, source + done, (nuint)piece.Length, _stream).ThrowIfFailed();
            CudaDriver.EventRecord(_copied[_half], _stream).ThrowIfFailed();
            CudaDriver.StreamSynchronize(_stream).ThrowIfFailed();
            new ReadOnlySpan<byte>(half, piece.Length).CopyTo(piece);
        }
        if (target.IsEmpty) CudaDriver.StreamSynchronize(_stream).ThrowIfFailed();
    }

    public void Dispose()
    {
        foreach (nint copied in _copied) CudaDriver.EventDestroy(copied);
        CudaDriver.MemFreeHost(_memory);
    }

    byte* NextHalf()
    {
        _half = 1 - _half;
        CudaDriver.EventSynchronize(_copied[_half]).ThrowIfFailed();
        return _memory + _half * HalfBytes;
    }
}
