using EsimCse.Core.Backend;

namespace EsimCse.Cuda.Kernels;

/// <summary>Eight bytes of which the driver copies a kernel's parameter: an address or a number.</summary>
readonly struct KernelArgument
{
    readonly long _bits;

    KernelArgument(long bits) => _bits = bits;

    public static implicit operator KernelArgument(nint address) => new(address);

    public static implicit operator KernelArgument(Matrix matrix) => new(matrix.Address);

    public static implicit operator KernelArgument(int value) => new(value);

    public static implicit operator KernelArgument(uint value) => new(value);

    public static implicit operator KernelArgument(long value) => new(value);

    public static implicit operator KernelArgument(ulong value) => new((long)value);

    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToInt32Bits(value));

    public static implicit operator KernelArgument(double value) => new(BitConverter.DoubleToInt64Bits(value));
}
