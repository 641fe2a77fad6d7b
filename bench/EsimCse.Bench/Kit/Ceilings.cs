using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Bench.Kit;

/// <summary>The rates of a large copy and a large product of random numbers, with which floors are computed.</summary>
sealed class Ceilings(IBackend backend, ElementType type, bool isSmall)
{
    const int LargeMatrix = 8192;
    const int SmallMatrix = 64;
    const int Repetitions = 7;
    const int Runs = 5;

    /// <summary>Matrices that are read or written, in turn, by the copies.</summary>
    const int Copies = 8;

    readonly int _size = isSmall ? SmallMatrix : LargeMatrix;

    public void Write(KitLine line)
    {
        using Arena arena = new(backend);
        using WorkClock clock = new(backend);
        arena.Reset(2 * Copies * ((long)_size * _size * type.Size() + Arena.Alignment));
        Matrix[] matrices = [.. Enumerable.Range(0, 2 * Copies).Select(_ => arena.Allocate(_size, _size, type))];
        foreach (Matrix matrix in matrices) RandomFill.Apply(backend, matrix);
        double[] copy = clock.Measure(
            new object(), Repetitions, Copies, i => backend.Copy(matrices[2 * i], matrices[2 * i + 1]));
        line.Write("ceiling", "copy", new Measurement(copy, 0, 0, 2.0 * matrices[0].Bytes));
        double[] product = clock.Measure(
            new object(),
            Repetitions,
            Runs,
            _ => backend.LinearForward(matrices[0], matrices[2], default, matrices[1]));
        double operations = 2.0 * _size * _size * _size;
        line.Write("ceiling", "product", new Measurement(product, 0, operations, 0));
    }
}
