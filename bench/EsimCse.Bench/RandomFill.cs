using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Bench;

/// <summary>Fills matrices with numbers from 0.5 to 1.5, whose first ones repeat in large matrices.</summary>
static class RandomFill
{
    const int DrawnNumbers = 1 << 18;

    static readonly float[] Drawn = Draw();

    public static void Apply(IBackend backend, Matrix matrix)
    {
        if (matrix.Type == ElementType.Float32) backend.Upload<float>(Repeat(Drawn, matrix.Count), matrix);
        else backend.Upload<ushort>(Repeat([.. Drawn.Select(value => Bits(value, matrix.Type))], matrix.Count), matrix);
    }

    static float[] Draw()
    {
        Random random = new(5);
        return [.. Enumerable.Range(0, DrawnNumbers).Select(_ => 0.5f + random.NextSingle())];
    }

    static T[] Repeat<T>(T[] values, long count)
    {
        T[] all = new T[count];
        for (long i = 0; i < count; i += values.Length)
            Array.Copy(values, 0, all, i, Math.Min(values.Length, count - i));
        return all;
    }

    static ushort Bits(float value, ElementType type) => type == ElementType.Float16
        ? BitConverter.HalfToUInt16Bits((Half)value)
        : (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
}
