using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Core.Backend;

namespace EsimCse.Cuda.Kernels;

/// <summary>One parameter of a kernel: an address, a number or a struct that kernels take by value.</summary>
/// <remarks>The driver copies as many of the bytes as the kernel's parameter has.</remarks>
[InlineArray(Words)]
struct KernelArgument
{
    const int Words = 8;

    long _word0;

    public static implicit operator KernelArgument(nint address) => From(address);

    public static implicit operator KernelArgument(Matrix matrix) => From(matrix.Address);

    public static implicit operator KernelArgument(int value) => From(value);

    public static implicit operator KernelArgument(long value) => From(value);

    public static implicit operator KernelArgument(float value) => From(value);

    public static implicit operator KernelArgument(DropoutMask mask) => From(DropoutArgument.From(mask));

    public static implicit operator KernelArgument(StepState state) => From(StepStateArgument.From(state));

    public static implicit operator KernelArgument(TouchedRows touched) => From(TouchedRowsArgument.From(touched));

    public static implicit operator KernelArgument(CorpusMemory corpus) => From(CorpusArgument.From(corpus));

    public static implicit operator KernelArgument(AugmentationSpec spec) => From(AugmentationArgument.From(spec));

    public static implicit operator KernelArgument(CandidatesArgument candidates) => From(candidates);

    public static implicit operator KernelArgument(MaskingSpec spec) => From(MaskingArgument.From(spec));

    static KernelArgument From<T>(T value) where T : unmanaged
    {
        KernelArgument argument = default;
        Span<long> words = argument;
        MemoryMarshal.Write(MemoryMarshal.AsBytes(words), in value);
        return argument;
    }
}
