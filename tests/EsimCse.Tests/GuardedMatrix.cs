namespace EsimCse.Tests;

/// <summary>A buffer of a device, poisoned with NaN, with guards on both sides: a NaN of their own, so that a read outside shows as well; a write there fails the test.</summary>
sealed class GuardedMatrix : IDisposable
{
    const int Guard = 64;
    const int Sentinel = 0x7FC0BEEF;

    readonly IBackend _backend;
    readonly Matrix _whole;

    public GuardedMatrix(IBackend backend, int rows, int columns, ElementType type = ElementType.Float32)
    {
        _backend = backend;
        int count = rows * columns, all = count + 2 * Guard;
        _whole = new Matrix(backend.Allocate(all * 4L), 1, all, type);
        float[] content = new float[all];
        Array.Fill(content, BitConverter.Int32BitsToSingle(Sentinel));
        Array.Fill(content, float.NaN, Guard, count);
        backend.Upload<float>(content, _whole);
        Matrix = new Matrix(_whole.Address + Guard * 4, rows, columns, type);
    }

    public GuardedMatrix(IBackend backend, int rows, int columns, double[] values) : this(backend, rows, columns) =>
        backend.Upload<float>([.. values.Select(value => (float)value)], Matrix);

    public GuardedMatrix(IBackend backend, int rows, int columns, int[] values) : this(backend, rows, columns, ElementType.Int32) =>
        backend.Upload<int>(values, Matrix);

    public Matrix Matrix { get; }

    public double[] Values => [.. Floats.Select(value => (double)value)];

    public float[] Floats
    {
        get
        {
            float[] values = new float[Matrix.Count];
            _backend.Download(Matrix, values.AsSpan());
            return values;
        }
    }

    public static implicit operator Matrix(GuardedMatrix guarded) => guarded.Matrix;

    public void Dispose()
    {
        int[] content = new int[_whole.Columns];
        _backend.Download(_whole, content.AsSpan());
        _backend.Free(_whole.Address);
        Assert.All(content.AsSpan(0, Guard).ToArray(), value => Assert.Equal(Sentinel, value));
        Assert.All(content.AsSpan(content.Length - Guard).ToArray(), value => Assert.Equal(Sentinel, value));
    }
}
