using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Gemm.LowPrecision;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    const int CastBlock = 4096;

    /// <inheritdoc/>
    public void Cast(Matrix source, Matrix target)
    {
        if (source.Count != target.Count) ThrowSizesDiffer(source, target);
        int blocks = (int)((source.Count + CastBlock - 1) / CastBlock);
        _pool.For(blocks, 4, (from, to) =>
        {
            for (int block = from; block < to; block++)
            {
                long first = (long)block * CastBlock;
                CastElements(source, target, first, (int)Math.Min(CastBlock, source.Count - first));
            }
        });
    }

    static void CastChunk(Matrix source, Matrix target, Matrix chunks, int index)
    {
        int* chunk = Integers(chunks) + index * ParameterChunk.Columns;
        CastElements(source, target, chunk[0], chunk[1]);
    }

    static void CastElements(Matrix source, Matrix target, long first, int count)
    {
        void* from = (byte*)source.Address + first * source.Type.Size();
        void* to = (byte*)target.Address + first * target.Type.Size();
        switch (source.Type, target.Type)
        {
            case (ElementType.Float32, ElementType.Float32):
                new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
                break;
            case (ElementType.Float32, ElementType.Float16):
                TensorPrimitives.ConvertToHalf(new ReadOnlySpan<float>(from, count), new Span<Half>(to, count));
                break;
            case (ElementType.Float16, ElementType.Float32):
                TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(from, count), new Span<float>(to, count));
                break;
            case (ElementType.Float32, ElementType.BFloat16):
                BFloat16.Round(new ReadOnlySpan<uint>(from, count), new Span<ushort>(to, count));
                break;
            case (ElementType.BFloat16, ElementType.Float32):
                WidenBFloat16(new ReadOnlySpan<ushort>(from, count), new Span<uint>(to, count));
                break;
            default:
                ThrowUnsupportedCast(source, target);
                break;
        }
    }

    static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<uint> target)
    {
        for (int i = 0; i < source.Length; i++) target[i] = (uint)source[i] << 16;
    }

    [DoesNotReturn]
    static void ThrowUnsupportedCast(Matrix source, Matrix target) =>
        throw new ArgumentException($"found a cast from {source} to {target}, expected Float32 on one side at least");
}
