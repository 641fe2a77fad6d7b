using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Gemm;
using EsimCse.Cpu.Gemm.LowPrecision;

namespace EsimCse.Cpu;

/// <summary>
/// The managed backend: fp32, SIMD, rows and heads partitioned over a fixed number of threads. The results are bitwise
/// the same for any number of threads.
/// </summary>
public sealed unsafe partial class CpuBackend : IBackend
{
    const int Alignment = 64;

    /// <summary>Tokens of a thread's batch: of 96 to 960 the fastest for MiniLM.</summary>
    const int BatchTokensOfThread = 360;

    readonly WorkerPool _pool;
    readonly Sgemm _sgemm;
    readonly LowPrecisionGemm _lowPrecision;
    readonly FrozenWeights _frozen;
    readonly Lazy<CpuBackend[]> _threadBackends;
    readonly Lazy<ComputeThread> _computeThread = new();

    /// <summary>Creates a backend with threads of its own.</summary>
    /// <param name="threads">Number of threads, at least 1; null for one per core.</param>
    /// <exception cref="ArgumentException">ESIMCSE_GEMM names no variant that this processor runs.</exception>
    public CpuBackend(int? threads = null) : this(threads, Environment.GetEnvironmentVariable(Sgemm.Variable)) { }

    internal CpuBackend(int? threads, string? gemm) : this(threads, gemm, new FrozenWeights()) { }

    CpuBackend(int? threads, string? gemm, FrozenWeights frozen)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads ?? 1, 1, nameof(threads));
        _frozen = frozen;
        _pool = new WorkerPool(threads ?? Environment.ProcessorCount);
        GemmVariant = string.IsNullOrEmpty(gemm) ? Sgemm.Variants.First() : gemm;
        _sgemm = Sgemm.Create(_pool, GemmVariant);
        _lowPrecision = new LowPrecisionGemm(_pool);
        int backends = Threads == 1 ? 0 : Threads;
        _threadBackends = new(() =>
            [.. Enumerable.Range(0, backends).Select(_ => new CpuBackend(1, GemmVariant, frozen))]);
    }

    /// <summary>The types of the operands of an embedding's products.</summary>
    public static IReadOnlyList<ElementType> FrozenTypes { get; } =
        [ElementType.Float32, ElementType.BFloat16, ElementType.Int8];

    /// <summary>Micro-kernel of the matrix products: scalar, vector128, vector256 or vector512.</summary>
    public string GemmVariant { get; }

    /// <summary>Micro-kernel of products with weights that are frozen as bf16.</summary>
    public static string BFloat16Variant => LowPrecisionTile.OfBFloat16[0].Name;

    /// <summary>Micro-kernel of products with weights that are frozen as int8.</summary>
    public static string Int8Variant => LowPrecisionTile.OfBytes[0].Name;

    /// <summary>Number of threads that share the work.</summary>
    public int Threads => _pool.Threads;

    /// <inheritdoc/>
    public string Name => $"cpu, {Threads} threads";

    /// <inheritdoc/>
    public string MatmulTuningHash => "";

    /// <inheritdoc/>
    public bool RunsAsynchronously => false;

    /// <inheritdoc/>
    public IReadOnlyList<IBackend> ThreadBackends => _threadBackends.Value;

    /// <inheritdoc/>
    public int PreferredBatchTokens => Threads == 1 ? BatchTokensOfThread : 2048;

    /// <inheritdoc/>
    public int TokenPadding => 1;

    /// <inheritdoc/>
    public void RunGraph(GraphKey key, Action work) => work();

    /// <inheritdoc/>
    public void Run(Action work)
    {
        if (_frozen.NeedOwnThreads) _computeThread.Value.Run(work);
        else work();
    }

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
    public IBackgroundReader CreateBackgroundReader() => new CpuBackgroundReader(this);

    /// <inheritdoc/>
    public void Copy(Matrix source, Matrix target)
    {
        if (source.Bytes != target.Bytes) ThrowSizesDiffer(source, target);
        Buffer.MemoryCopy((void*)source.Address, (void*)target.Address, target.Bytes, source.Bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_threadBackends.IsValueCreated)
            foreach (CpuBackend backend in _threadBackends.Value) backend.Dispose();
        if (_computeThread.IsValueCreated) _computeThread.Value.Dispose();
        _pool.Dispose();
        _sgemm.Dispose();
        _lowPrecision.Dispose();
    }

    /// <inheritdoc/>
    public bool SupportsDataType(ElementType type) => type == ElementType.Float32;

    /// <inheritdoc/>
    public bool SupportsFrozenType(ElementType type) => FrozenTypes.Contains(type);

    /// <inheritdoc/>
    public IDisposable FreezeWeights(IReadOnlyList<Matrix> weights, ElementType type = ElementType.Float32)
    {
        if (type == ElementType.Float32)
            return _frozen.Add(weights, w => _sgemm.Pack(Operand.Transposed(w), w.Columns, w.Rows));
        LowPrecisionFormat format = type switch
        {
            ElementType.Int8 => new Int8Format(LowPrecisionTile.OfBytes[0].Tile),
            ElementType.BFloat16 => new BFloat16Format(LowPrecisionTile.OfBFloat16[0].Tile),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "expected Float32, BFloat16 or Int8"),
        };
        return _frozen.Add(weights, w => new LowPrecisionWeight(format, w));
    }

    static Span<byte> Bytes(Matrix matrix, long expected)
    {
        if (matrix.Bytes != expected) ThrowWrongByteCount(matrix, expected);
        return new Span<byte>((void*)matrix.Address, checked((int)expected));
    }

    internal static Span<float> Row(Matrix matrix, int row) =>
        new((float*)matrix.Address + (long)row * matrix.Columns, matrix.Columns);

    internal static int CeilingDivide(int value, int divisor) => (value + divisor - 1) / divisor;

    static float* Floats(Matrix matrix) => (float*)matrix.Address;

    static int* Integers(Matrix matrix) => (int*)matrix.Address;

    [DoesNotReturn]
    static void ThrowSizesDiffer(Matrix source, Matrix target) =>
        throw new ArgumentException($"{source} does not fit {target}");

    [DoesNotReturn]
    static void ThrowWrongByteCount(Matrix matrix, long expected) =>
        throw new ArgumentException($"{expected} bytes do not fit {matrix}");
}
