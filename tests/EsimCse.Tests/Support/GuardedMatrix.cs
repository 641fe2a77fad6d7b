using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Tests.Support;

/// <summary>
/// A device buffer filled with NaN, between guards of a second NaN. A read outside shows as NaN; a write outside fails
/// <see cref="Dispose"/>.
/// </summary>
sealed class GuardedMatrix : IDisposable
{
    const int GuardBytes = 256;

    readonly IBackend _backend;
    readonly Matrix _whole;

    public GuardedMatrix(IBackend backend, int rows, int columns, ElementType type = ElementType.Float32)
    {
        _backend = backend;
        int bytes = checked((int)new Matrix(0, rows, columns, type).Bytes);
        byte[] content = new byte[(bytes + 3) / 4 * 4 + 2 * GuardBytes];
        Span<byte> guard = GuardPattern(type);
        for (int i = 0; i < content.Length; i++) content[i] = guard[i % 4];
        content.AsSpan(GuardBytes, bytes).Fill(0xFF); // NaN in every type
        _whole = new Matrix(backend.Allocate(content.Length), 1, content.Length / type.Size(), type);
        backend.Upload<byte>(content, _whole);
        Matrix = new Matrix(_whole.Address + GuardBytes, rows, columns, type);
    }

    public GuardedMatrix(
        IBackend backend, int rows, int columns, double[] values, ElementType type = ElementType.Float32)
        : this(backend, rows, columns, type)
    {
        Initial = values;
        Upload(values);
    }

    public GuardedMatrix(IBackend backend, int rows, int columns, int[] values)
        : this(backend, rows, columns, ElementType.Int32) => backend.Upload<int>(values, Matrix);

    public Matrix Matrix { get; }

    /// <summary>The values it was created with, before rounding to its type. Empty if it was created without.</summary>
    public double[] Initial { get; } = [];

    /// <summary>The values on the device.</summary>
    public double[] Values => Matrix.Type == ElementType.Float32
        ? [.. Floats.Select(value => (double)value)]
        : [.. Read<ushort>().Select(bits => Reference.Cast.Widen(bits, Matrix.Type))];

    public float[] Floats => Read<float>();

    public int[] Integers => Read<int>();

    public static implicit operator Matrix(GuardedMatrix guarded) => guarded.Matrix;

    public void Upload(double[] values)
    {
        if (Matrix.Type == ElementType.Float32)
            _backend.Upload<float>([.. values.Select(value => (float)value)], Matrix);
        else
            _backend.Upload<ushort>([.. values.Select(value => Reference.Cast.Round(value, Matrix.Type))], Matrix);
    }

    public void Dispose()
    {
        byte[] content = new byte[_whole.Bytes];
        _backend.Download(_whole, content.AsSpan());
        _backend.Free(_whole.Address);
        uint expected = MemoryMarshal.Read<uint>(GuardPattern(Matrix.Type));
        foreach (Range guard in new[] { 0..GuardBytes, (content.Length - GuardBytes)..content.Length })
        {
            uint[] words = MemoryMarshal.Cast<byte, uint>(content.AsSpan(guard)).ToArray();
            Assert.All(words, word => Assert.Equal(expected, word));
        }
    }

    static byte[] GuardPattern(ElementType type) => BitConverter.GetBytes(type.Size() == 4 ? 0x7FC0BEEF : 0x7FE57FE5);

    T[] Read<T>() where T : unmanaged
    {
        T[] values = new T[Matrix.Count];
        _backend.Download(Matrix, values.AsSpan());
        return values;
    }
}
