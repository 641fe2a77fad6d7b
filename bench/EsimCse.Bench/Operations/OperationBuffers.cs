using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Bench.Operations;

/// <summary>The inputs and outputs of the operations, filled with numbers from 0.5 to 1.5.</summary>
sealed class OperationBuffers : IDisposable
{
    public const int Queue = 160;

    readonly IBackend _backend;
    readonly List<Arena> _arenas = [];
    readonly BatchMemory _memory;

    /// <summary>Creates the batch, of a training step's or a full batch's sentences if none are given.</summary>
    public OperationBuffers(IBackend backend, ElementType type, Workload work, int? sentences = null)
    {
        _backend = backend;
        Type = type;
        Config = work.Config;
        _memory = new BatchMemory(backend);
        Pairs = work.Batch;
        int most = Math.Max(2 * Pairs, backend.PreferredBatchTokens / work.SentenceLength);
        Batch = _memory.Upload(work.Draw(sentences ?? most, 3));
    }

    public BertConfig Config { get; }

    public ElementType Type { get; }

    public PackedBatch Batch { get; }

    /// <summary>Anchors of a training step.</summary>
    public int Pairs { get; }

    /// <summary>Allocates activations.</summary>
    public Matrix Activations(int rows, int columns) => Fill(Allocate(rows, columns, Type));

    /// <summary>Allocates numbers that are fp32 on every device.</summary>
    public Matrix Floats(int rows, int columns) => Fill(Allocate(rows, columns, ElementType.Float32));

    /// <summary>Allocates and copies integers.</summary>
    public Matrix Integers(int[] values)
    {
        Matrix matrix = Allocate(1, values.Length, ElementType.Int32);
        _backend.Upload<int>(values, matrix);
        return matrix;
    }

    /// <summary>Waits for all that was started.</summary>
    public void Wait() => _backend.Download(Batch.Offsets with { Columns = 1 }, new int[1].AsSpan());

    public void Dispose()
    {
        foreach (Arena arena in _arenas) arena.Dispose();
        _memory.Dispose();
    }

    Matrix Allocate(int rows, int columns, ElementType type)
    {
        Arena arena = new(_backend);
        _arenas.Add(arena);
        arena.Reset((long)rows * columns * type.Size() + Arena.Alignment);
        return arena.Allocate(rows, columns, type);
    }

    Matrix Fill(Matrix matrix)
    {
        RandomFill.Apply(_backend, matrix);
        return matrix;
    }
}
