using EsimCse.Core.Backend;

namespace EsimCse.Tests.Support;

/// <summary>
/// One operation under test on one backend. A derived class declares the inputs, the results and the reference;
/// all of them and the backend are disposed together.
/// </summary>
abstract class OperationCase(IBackend backend) : IDisposable
{
    protected readonly IBackend _backend = backend;

    readonly List<IDisposable> _owned = [];

    protected T Own<T>(T resource) where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    /// <summary>Creates a matrix of normal random values.</summary>
    protected GuardedMatrix Random(int rows, int columns, int seed, double scale = 1) =>
        Filled(rows, columns, Numbers.Normal(rows * columns, seed, scale));

    protected GuardedMatrix Filled(int rows, int columns, double[] values) =>
        Own(new GuardedMatrix(_backend, rows, columns, values));

    protected GuardedMatrix Filled(int rows, int columns, int[] values) =>
        Own(new GuardedMatrix(_backend, rows, columns, values));

    protected GuardedMatrix Zeros(int rows, int columns) => Filled(rows, columns, new double[rows * columns]);

    /// <summary>Creates a matrix of NaN for results.</summary>
    protected GuardedMatrix Result(int rows, int columns) => Own(new GuardedMatrix(_backend, rows, columns));

    /// <summary>
    /// Computes the gradient of Σ dy · forward with respect to one input by central differences.
    /// `forward` reads each input through its argument: the moved values of `input`, the initial values of the others.
    /// </summary>
    protected static double[] DifferenceGradient(
        GuardedMatrix input, GuardedMatrix dy, Func<Func<GuardedMatrix, double[]>, double[]> forward) =>
        FiniteDifference.Gradient(input.Initial, dy.Initial, moved =>
            forward(matrix => ReferenceEquals(matrix, input) ? moved : matrix.Initial));

    public void Dispose()
    {
        try
        {
            foreach (IDisposable resource in _owned) resource.Dispose();
        }
        finally
        {
            _backend.Dispose();
        }
    }
}
