using System.Runtime.InteropServices;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// A right operand packed for a micro-kernel: blocks of rows, each cut into panels of the micro-kernel's columns.
/// </summary>
sealed unsafe class PackedMatrix(int depth, int columns, int panel) : IDisposable
{
    /// <summary>Columns, those of padding included.</summary>
    readonly int _padded = (columns + panel - 1) / panel * panel;

    float* _data = (float*)NativeMemory.AlignedAlloc(
        (nuint)((long)depth * ((columns + panel - 1) / panel * panel) * sizeof(float)), 64);

    /// <summary>Rows.</summary>
    public int Depth => depth;

    /// <summary>Columns.</summary>
    public int Columns => columns;

    /// <summary>Returns the panels from a column on of the block of rows [k, k + depth).</summary>
    public float* Panels(int k, int blockDepth, int column) => _data + (long)k * _padded + (long)column * blockDepth;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
