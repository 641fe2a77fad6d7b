using System.Runtime.InteropServices;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>A weight w [N,K] in a smaller type: panels of [words, 32], and a scale for each column of y.</summary>
sealed unsafe class LowPrecisionWeight : IDisposable
{
    const int Alignment = 64;

    int* _words;

    public LowPrecisionWeight(LowPrecisionFormat format, Matrix weight)
    {
        Format = format;
        Words = format.Words(weight.Columns);
        int panels = CpuBackend.CeilingDivide(weight.Rows, LowPrecisionTile.Columns);
        long padded = (long)panels * LowPrecisionTile.Columns;
        _words = (int*)NativeMemory.AlignedAlloc((nuint)(padded * Words * sizeof(int)), Alignment);
        Scales = (float*)NativeMemory.AlignedAlloc((nuint)(padded * sizeof(float)), Alignment);
        Sums = (float*)NativeMemory.AlignedAlloc((nuint)(padded * sizeof(float)), Alignment);
        int[] words = new int[Words];
        NativeMemory.Clear(_words, (nuint)(padded * Words * sizeof(int)));
        for (int column = 0; column < weight.Rows; column++)
        {
            (Scales[column], Sums[column]) = format.PackWeight(CpuBackend.Row(weight, column), words);
            int* target = Panel(column / LowPrecisionTile.Columns) + column % LowPrecisionTile.Columns;
            for (int word = 0; word < Words; word++) target[(long)word * LowPrecisionTile.Columns] = words[word];
        }
    }

    /// <summary>The type.</summary>
    public LowPrecisionFormat Format { get; }

    /// <summary>Words of a row of w.</summary>
    public int Words { get; }

    /// <summary>Scales of the columns of y.</summary>
    public float* Scales { get; private set; }

    /// <summary>Sums of the columns of y.</summary>
    public float* Sums { get; private set; }

    /// <summary>Returns a panel of 32 columns.</summary>
    public int* Panel(int index) => _words + (long)index * Words * LowPrecisionTile.Columns;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_words);
        NativeMemory.AlignedFree(Scales);
        NativeMemory.AlignedFree(Sums);
        _words = null;
        Scales = null;
        Sums = null;
    }
}
