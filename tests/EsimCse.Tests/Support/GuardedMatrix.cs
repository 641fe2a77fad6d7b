using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Tests.Support;

/// <summary>A buffer of a device, poisoned with NaN, with guards on both sides: a NaN of their own, so that a read outside shows as well; a write there fails the test.</summary>
sealed class GuardedMatrix : IDisposable
{
    const int GuardBytes = 256;

    readonly IBackend _backend;
    readonly Matrix _whole;

    public GuardedMatrix(IBackend backend, int rows, int columns, ElementType type = ElementType.Float32)
    {
        _backend = backend;
        int bytes = checked((int)new Matrix(0, rows, columns, type).Bytes), all = (bytes + 3) / 4 * 4 + 2 * GuardBytes;
        byte[] content = new byte[all];
        Span<byte> sentinel = Sentinel(type);
        for (int i = 0; i < all; i++) content[i] = sentinel[i % 4];
        content.AsSpan(GuardBytes, bytes).Fill(0xFF); // a NaN in every type
        _whole = new Matrix(backend.Allocate(all), 1, all / type.Size(), type);
        backend.Upload<byte>(content, _whole);
        Matrix = new Matrix(_whole.Address + GuardBytes, rows, columns, type);
    }

    public GuardedMatrix(IBackend backend, int rows, int columns, double[] values, ElementType type = ElementType.Float32) : this(backend, rows, columns, type)
    {
        if (type == ElementType.Float32) backend.Upload<float>([.. values.Select(value => (float)value)], Matrix);
        else backend.Upload<ushort>([.. values.Select(value => Reference.Cast.Round(value, type))], Matrix);
    }

    public GuardedMatrix(IBackend backend, int rows, int columns, int[] values) : this(backend, rows, columns, ElementType.Int32) =>
        backend.Upload<int>(values, Matrix);

    public Matrix Matrix { get; }

    public double[] Values => Matrix.Type == ElementType.Float32 ? [.. Floats.Select(value => (double)value)] : [.. Read<ushort>().Select(bits => Reference.Cast.Widen(bits, Matrix.Type))];

    public float[] Floats => Read<float>();

    public static implicit operator Matrix(GuardedMatrix guarded) => guarded.Matrix;

    public void Dispose()
    {
        byte[] content = new byte[_whole.Bytes];
        _backend.Download(_whole, content.AsSpan());
        _backend.Free(_whole.Address);
        uint sentinel = MemoryMarshal.Read<uint>(Sentinel(Matrix.Type));
        foreach (Range guard in new[] { 0..GuardBytes, (content.Length - GuardBytes)..content.Length })
            Assert.All(MemoryMarshal.Cast<byte, uint>(content.AsSpan(guard)).ToArray(), value => Assert.Equal(sentinel, value));
    }

    static byte[] Sentinel(ElementType type) => type.Size() == 4 ? BitConverter.GetBytes(0x7FC0BEEF) : BitConverter.GetBytes(0x7FE57FE5);

    T[] Read<T>() where T : unmanaged
    {
        T[] values = new T[Matrix.Count];
        _backend.Download(Matrix, values.AsSpan());
        return values;
    }
}
