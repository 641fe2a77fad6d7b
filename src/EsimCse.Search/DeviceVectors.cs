using System.Numerics.Tensors;
using EsimCse.Core.Backend;

namespace EsimCse.Search;

/// <summary>
/// Blocks of the vectors in a device's memory: kept there from the first search on where they fit, else sent again by
/// each. A vector whose products fp32 cannot hold is zeros there unless it is normalized; <see cref="OutOfRange"/> has
/// its row.
/// </summary>
sealed class DeviceVectors : IDisposable
{
    /// <summary>Floats of a block at most: 64 MiB.</summary>
    const int BlockFloats = 1 << 24;

    /// <summary>Rows of a block at most; of a multiple of 64, so that blocks are aligned to 256 bytes.</summary>
    const int MaxBlockRows = 1 << 15;

    readonly IBackend _device;
    readonly MappedVectors _vectors;
    readonly QuantizedVectors _quantized;
    readonly Matrix _memory;
    readonly float[] _block;
    bool _isNormalized;
    long _loaded;

    /// <summary>Allocates memory of the device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="vectors">The vectors, fewer than 2³¹ rows.</param>
    /// <param name="quantized">Their norms.</param>
    /// <param name="maxBytes">The most bytes of vectors to keep on the device.</param>
    /// <param name="maxBlockRows">Rows of a block at most; a multiple of 64.</param>
    public DeviceVectors(
        IBackend device,
        MappedVectors vectors,
        QuantizedVectors quantized,
        long maxBytes,
        int maxBlockRows = MaxBlockRows)
    {
        _device = device;
        _vectors = vectors;
        _quantized = quantized;
        BlockRows = Math.Clamp(BlockFloats / vectors.Dimension / 64 * 64, 64, maxBlockRows);
        BlockRows = (int)Math.Min(BlockRows, Math.Max(vectors.Rows, 1));
        _block = new float[BlockRows * vectors.Dimension];
        IsResident = vectors.Rows * vectors.Dimension * sizeof(float) <= maxBytes;
        int rows = IsResident ? checked((int)vectors.Rows) : BlockRows;
        _memory = new Matrix(0, rows, vectors.Dimension);
        _memory = _memory with { Address = device.Allocate(_memory.Bytes) };
        (MaxNorm, OutOfRange) = FindNorms();
    }

    /// <summary>Rows of a block.</summary>
    public int BlockRows { get; }

    /// <summary>Whether all vectors stay on the device.</summary>
    public bool IsResident { get; }

    /// <summary>The largest norm of a vector whose products fp32 can hold.</summary>
    public float MaxNorm { get; }

    /// <summary>The rows of the other vectors.</summary>
    public IReadOnlySet<long> OutOfRange { get; }

    /// <summary>Returns a block on the device, valid until the next is loaded.</summary>
    /// <param name="first">The block's first row; blocks are loaded in order.</param>
    /// <param name="normalized">Whether vectors are divided by their norms.</param>
    public Matrix Load(int first, bool normalized)
    {
        int rows = (int)Math.Min(BlockRows, _vectors.Rows - first);
        Matrix target = _memory.Slice(IsResident ? first : 0, rows);
        if (normalized != _isNormalized) _loaded = 0;
        _isNormalized = normalized;
        if (IsResident && first < _loaded) return target;
        int dimension = _vectors.Dimension;
        Parallel.For(0, rows, row => Copy(first + row, normalized, _block.AsSpan(row * dimension, dimension)));
        _device.Upload<float>(_block.AsSpan(0, rows * dimension), target);
        _loaded = first + rows;
        return target;
    }

    /// <summary>
    /// Returns −‖x‖² / 2 of each row of a block: with it a product ranks as the Euclidean distance does.
    /// </summary>
    public float[] NegativeHalfSquares(int first, int rows)
    {
        float[] squares = new float[rows];
        ReadOnlySpan<QuantizedRow> block = _quantized.Rows(first, rows);
        for (int i = 0; i < rows; i++)
            if (ScoreBound.IsInRange(block[i].Norm)) squares[i] = -(float)((double)block[i].Norm * block[i].Norm / 2);
        return squares;
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Free(_memory.Address);

    void Copy(long row, bool normalized, Span<float> target)
    {
        ReadOnlySpan<float> vector = _vectors.Row(row);
        float norm = _quantized.Rows(row, 1)[0].Norm;
        bool isInRange = ScoreBound.IsInRange(norm);
        if (!normalized && isInRange) vector.CopyTo(target);
        else if (isInRange) TensorPrimitives.Divide(vector, norm, target);
        else if (normalized) VectorNorm.Normalize(vector, target);
        else target.Clear();
    }

    (float MaxNorm, HashSet<long> OutOfRange) FindNorms()
    {
        float largest = 0;
        HashSet<long> others = [];
        for (long first = 0; first < _vectors.Rows; first += BlockRows)
        {
            int rows = (int)Math.Min(BlockRows, _vectors.Rows - first);
            ReadOnlySpan<QuantizedRow> block = _quantized.Rows(first, rows);
            for (int i = 0; i < rows; i++)
                if (ScoreBound.IsInRange(block[i].Norm)) largest = MathF.Max(largest, block[i].Norm);
                else others.Add(first + i);
        }
        return (largest, others);
    }
}
