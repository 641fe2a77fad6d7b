using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    const int CastLength = 4096;

    /// <inheritdoc/>
    public void Cast(Matrix source, Matrix target)
    {
        if (source.Count != target.Count) throw new ArgumentException($"{source} does not fit {target}");
        _cores.For((int)((source.Count + CastLength - 1) / CastLength), 4, new CastPieces(source, target));
    }

    static unsafe void CastChunk(Matrix source, Matrix target, Matrix chunks, int index)
    {
        int* chunk = Integers(chunks) + index * ParameterChunk.Columns;
        CastElements(source, target, chunk[0], chunk[1]);
    }

    static unsafe void CastElements(Matrix source, Matrix target, long first, int count)
    {
        void* from = (byte*)source.Address + first * source.Type.Size(), to = (byte*)target.Address + first * target.Type.Size();
        Span<float> wide = new(target.Type == ElementType.Float32 ? to : from, count);
        switch (source.Type, target.Type)
        {
            case (ElementType.Float32, ElementType.Float32): new Span<float>(from, count).CopyTo(wide); break;
            case (ElementType.Float32, ElementType.Float16): TensorPrimitives.ConvertToHalf(wide, new Span<Half>(to, count)); break;
            case (ElementType.Float16, ElementType.Float32): TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(from, count), wide); break;
            case (ElementType.Float32, ElementType.BFloat16): Round(MemoryMarshal.Cast<float, uint>(wide), new Span<ushort>(to, count)); break;
            case (ElementType.BFloat16, ElementType.Float32): Widen(new ReadOnlySpan<ushort>(from, count), MemoryMarshal.Cast<float, uint>(wide)); break;
            default: throw new ArgumentException($"no cast from {source} to {target}");
        }
    }

    static void Round(ReadOnlySpan<uint> source, Span<ushort> target)
    {
        const uint infinity = 0x7F800000, magnitude = 0x7FFFFFFF;
        for (int i = 0; i < source.Length; i++)
            target[i] = (source[i] & magnitude) > infinity ? (ushort)0x7FFF : (ushort)((source[i] + 0x7FFF + (source[i] >> 16 & 1)) >> 16);
    }

    static void Widen(ReadOnlySpan<ushort> source, Span<uint> target)
    {
        for (int i = 0; i < source.Length; i++) target[i] = (uint)source[i] << 16;
    }

    readonly struct CastPieces(Matrix source, Matrix target) : IRangeBody
    {
        public void Run(int from, int to)
        {
            for (int piece = from; piece < to; piece++)
                CastElements(source, target, (long)piece * CastLength, (int)Math.Min(CastLength, source.Count - (long)piece * CastLength));
        }
    }
}
