using System.Runtime.InteropServices;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// A right operand packed for a micro-kernel: blocks of rows, each cut into panels of the micro-kernel's columns.
/// </summary>
sealed unsafe class PackedMatrix : IDisposable
{
    const int Alignment = 64;

    /// <summary>Columns, those of padding included.</summary>
    readonly int _padded;

    float* _data;

    public PackedMatrix(int depth, int columns, int panel)
    {
        Depth = depth;
        _padded = CpuBackend.CeilingDivide(columns, panel) * panel;
        _data = (float*)NativeMemory.AlignedAlloc((nuint)((long)depth * _padded * sizeof(float)), Alignment);
    }

    /// <summary>Rows.</summary>
    public int Depth { get; }

    /// <summary>Returns the panels of the block of rows from k on.</summary>
    public float* Block(int k) => _data + (long)k * _padded;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
