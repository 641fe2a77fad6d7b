using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

/// <summary>The managed backend: fp32, SIMD, rows and heads spread over a fixed number of threads. Same bits for any number of threads.</summary>
public sealed unsafe partial class CpuBackend : IBackend
{
    const int Alignment = 64;

    readonly WorkerPool _cores;
    readonly Gemm.Gemm _gemm;

    /// <summary>A backend with its own threads.</summary>
    /// <param name="threads">Threads, at least 1; null for all cores.</param>
    /// <exception cref="ArgumentException">ESIMCSE_GEMM names no variant that this processor runs.</exception>
    public CpuBackend(int? threads = null) : this(threads, Environment.GetEnvironmentVariable(Gemm.Gemm.Variable)) { }

    internal CpuBackend(int? threads, string? gemm)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads ?? 1, 1, nameof(threads));
        _cores = new WorkerPool(threads ?? Environment.ProcessorCount);
        GemmVariant = string.IsNullOrEmpty(gemm) ? Gemm.Gemm.Variants.First() : gemm;
        _gemm = Gemm.Gemm.Create(_cores, GemmVariant);
    }

    /// <summary>The micro-kernel of the matrix products: scalar, vector256 or vector512.</summary>
    public string GemmVariant { get; }

    /// <summary>The threads that share the work.</summary>
    public int Threads => _cores.Count;

    /// <inheritdoc/>
    public string Name => $"cpu, {Threads} threads";

    /// <inheritdoc/>
    public string MatmulTuningHash => "";

    /// <inheritdoc/>
    public int PreferredBatchTokens => 2048;

    /// <inheritdoc/>
    public int TokenPadding => 1;

    /// <inheritdoc/>
    public void RunGraph(GraphKey key, Action work) => work();

    /// <inheritdoc/>
    public void RunOnSideStream(Action work) => work();

    /// <inheritdoc/>
    public void WaitForSideStream() { }

    /// <inheritdoc/>
    public nint Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return bytes == 0 ? 0 : (nint)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
    }

    /// <inheritdoc/>
    public void Free(nint address) => NativeMemory.AlignedFree((void*)address);

    /// <inheritdoc/>
    public void Upload<T>(ReadOnlySpan<T> source, Matrix target) where T : unmanaged =>
        MemoryMarshal.AsBytes(source).CopyTo(Bytes(target, source.Length * (long)sizeof(T)));

    /// <inheritdoc/>
    public void Download<T>(Matrix source, Span<T> target) where T : unmanaged =>
        Bytes(source, target.Length * (long)sizeof(T)).CopyTo(MemoryMarshal.AsBytes(target));

    /// <inheritdoc/>
    public IHostCopy CreateHostCopy(int bytes) => new CpuHostCopy(this, bytes);

    /// <inheritdoc/>
    public void Copy(Matrix source, Matrix target)
    {
        if (source.Bytes != target.Bytes) throw new ArgumentException($"{source} does not fit {target}");
        Buffer.MemoryCopy((void*)source.Address, (void*)target.Address, target.Bytes, source.Bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cores.Dispose();
        _gemm.Dispose();
    }

    /// <inheritdoc/>
    public bool SupportsDataType(ElementType type) => type == ElementType.Float32;

    static Span<byte> Bytes(Matrix matrix, long expected) => matrix.Bytes == expected
        ? new((void*)matrix.Address, checked((int)expected))
        : throw new ArgumentException($"{expected} bytes do not fit {matrix}");

    static Span<float> Row(Matrix matrix, int row) => new((float*)matrix.Address + (long)row * matrix.Columns, matrix.Columns);

    static float* Floats(Matrix matrix) => (float*)matrix.Address;

    static int* Integers(Matrix matrix) => (int*)matrix.Address;
}
