using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Inputs drawn by their seeds, the same on every backend, and the results of operations on them.</summary>
sealed class KernelProbe(IBackend backend, ElementType type) : IDisposable
{
    readonly List<IDisposable> _owned = [];

    public IBackend Backend => backend;

    public List<GuardedMatrix> Results { get; } = [];

    public Matrix Input(int rows, int columns, int seed) =>
        Own(new(backend, rows, columns, Numbers.Normal(rows * columns, seed), type));

    public Matrix Fp32Input(int rows, int columns, int seed) =>
        Own(new(backend, rows, columns, Numbers.Normal(rows * columns, seed)));

    public Matrix Integers(int[] values) => Own(new(backend, 1, values.Length, values));

    public StepState State()
    {
        TrainingState state = new(backend);
        _owned.Add(state);
        return state;
    }

    /// <summary>Errors of results beyond those of their own rounding, where there are any.</summary>
    public Dictionary<GuardedMatrix, double> Errors { get; } = [];

    /// <summary>Returns a result that is made of rounded numbers of a size, where one is given.</summary>
    public Matrix Result(int rows, int columns, double rounded = 0) =>
        AddResult(new(backend, rows, columns, type), rounded * Reference.Cast.Unit(type));

    public Matrix Fp32Result(int rows, int columns) => AddResult(new(backend, rows, columns));

    /// <summary>Returns a result of zeros, to which an operation adds.</summary>
    public Matrix Sum(int rows, int columns, double error = 0) =>
        AddResult(new(backend, rows, columns, new double[rows * columns]), error);

    public DeviceBatch Batch(int[] lengths)
    {
        DeviceBatch batch = new(backend, lengths);
        _owned.Add(batch);
        return batch;
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned) owned.Dispose();
    }

    GuardedMatrix AddResult(GuardedMatrix matrix, double error = 0)
    {
        Results.Add(matrix);
        Errors[matrix] = error;
        return Own(matrix);
    }

    GuardedMatrix Own(GuardedMatrix matrix)
    {
        _owned.Add(matrix);
        return matrix;
    }
}
