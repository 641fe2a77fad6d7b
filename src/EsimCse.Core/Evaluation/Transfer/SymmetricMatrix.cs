using System.Numerics.Tensors;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>A symmetric matrix, of which the lower triangle is stored.</summary>
sealed class SymmetricMatrix(int size)
{
    /// <summary>Vectors of which a product is computed at a time: their transpose stays in the cache.</summary>
    const int BlockRows = 256;

    readonly double[] _rows = new double[size * (size + 1) / 2];

    public int Size => size;

    /// <summary>
    /// Computes the mean of x·xᵀ over some of the vectors, x being a vector followed by 1. The order of the sums does
    /// not depend on the number of threads.
    /// </summary>
    public static SymmetricMatrix SecondMoment(
        LabeledVectors vectors, ReadOnlySpan<int> rows, ParallelOptions parallel)
    {
        SymmetricMatrix moment = new(vectors.Dimension + 1);
        double[] block = new double[moment.Size * BlockRows];
        double[] vector = new double[moment.Size];
        for (int start = 0; start < rows.Length; start += BlockRows)
        {
            int count = Math.Min(BlockRows, rows.Length - start);
            for (int i = 0; i < count; i++)
            {
                vectors.CopyWithOne(rows[start + i], vector);
                for (int j = 0; j < vector.Length; j++) block[j * BlockRows + i] = vector[j];
            }
            Parallel.For(0, moment.Size, parallel, i => moment.AddProducts(i, block, count));
        }
        TensorPrimitives.Multiply(moment._rows, 1.0 / rows.Length, moment._rows);
        return moment;
    }

    /// <summary>
    /// Returns this matrix times a factor, with a value added to the diagonal except for its last element.
    /// </summary>
    public SymmetricMatrix ScaleAndAddRidge(double factor, double ridge)
    {
        SymmetricMatrix result = new(size);
        TensorPrimitives.Multiply(_rows, factor, result._rows);
        for (int i = 0; i < size - 1; i++) result.MutableRow(i)[i] += ridge;
        return result;
    }

    /// <summary>Returns the elements of a row up to the diagonal.</summary>
    public ReadOnlySpan<double> Row(int i) => MutableRow(i);

    void AddProducts(int i, double[] block, int count)
    {
        Span<double> row = MutableRow(i);
        ReadOnlySpan<double> column = block.AsSpan(i * BlockRows, count);
        for (int j = 0; j <= i; j++)
            row[j] += TensorPrimitives.Dot(column, block.AsSpan(j * BlockRows, count));
    }

    Span<double> MutableRow(int i) => _rows.AsSpan(i * (i + 1) / 2, i + 1);
}
