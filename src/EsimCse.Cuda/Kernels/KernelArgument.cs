using System.Runtime.InteropServices;
using EsimCse.Core.Backend;

namespace EsimCse.Cuda.Kernels;

/// <summary>One parameter of a kernel: an address, a number or one of the structs that kernels take by value.</summary>
/// <remarks>The driver copies as many of the bytes as the kernel's parameter has.</remarks>
[StructLayout(LayoutKind.Sequential)]
readonly struct KernelArgument
{
    /// <summary>Bytes of the largest parameter.</summary>
    public const int Size = 4 * sizeof(long);

    readonly long _word0;
    readonly long _word1;
    readonly long _word2;
    readonly long _word3;

    KernelArgument(long word0, long word1 = 0, long word2 = 0, long word3 = 0)
    {
        _word0 = word0;
        _word1 = word1;
        _word2 = word2;
        _word3 = word3;
    }

    public static implicit operator KernelArgument(nint address) => new(address);

    public static implicit operator KernelArgument(Matrix matrix) => new(matrix.Address);

    public static implicit operator KernelArgument(int value) => new(value);

    public static implicit operator KernelArgument(uint value) => new(value);

    public static implicit operator KernelArgument(long value) => new(value);

    public static implicit operator KernelArgument(ulong value) => new((long)value);

    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToInt32Bits(value));

    public static implicit operator KernelArgument(double value) => new(BitConverter.DoubleToInt64Bits(value));

    /// <summary>The struct <c>Dropout</c> of philox.cuh.</summary>
    public static implicit operator KernelArgument(DropoutMask mask) => new(
        (long)mask.Seed,
        Pair(mask.Threshold, BitConverter.SingleToInt32Bits(mask.Scale)),
        Pair(mask.Site, mask.SentencesPerView),
        mask.Counters.Address);

    /// <summary>The struct <c>StepState</c> of stepstate.cuh.</summary>
    public static implicit operator KernelArgument(StepState state) => new(state.Counters.Address, state.Scalars.Address);

    static long Pair(int low, int high) => (uint)low | (long)high << 32;
}
