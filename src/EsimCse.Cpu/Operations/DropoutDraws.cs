using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Operations;

/// <summary>
/// Applies a <see cref="DropoutMask"/> to pieces of a sentence's own array, eight <see cref="Philox"/> blocks (64 elements) at a time.
/// See the mask for the counters.
/// </summary>
readonly unsafe struct DropoutDraws
{
    const int BlockLength = 8, GroupLength = 8 * BlockLength;

    readonly ulong _seed;
    readonly uint _site, _step;
    readonly int _threshold, _sentencesPerView;
    readonly float _scale;

    public DropoutDraws(DropoutMask mask)
    {
        Drops = mask.IsActive;
        if (!Drops) return;
        (_seed, _site, _threshold, _scale, _sentencesPerView) = (mask.Seed, (uint)mask.Site, mask.Threshold, mask.Scale, mask.SentencesPerView);
        _step = (uint)((int*)mask.Counters.Address)[StepState.Step];
    }

    public bool Drops { get; }

    /// <summary>values ∘ mask; values are the elements from <paramref name="first"/> on of the array of sentence <paramref name="sentence"/> of the batch.</summary>
    public void Apply(int sentence, long first, Span<float> values)
    {
        if (!Drops) return;
        uint view = (uint)(sentence / _sentencesPerView), place = (uint)(sentence % _sentencesPerView);
        uint siteAndView = _site | view << 16;
        float* part = stackalloc float[GroupLength];
        for (int i = 0; i < values.Length;)
        {
            uint block = (uint)((first + i) / BlockLength);
            int skipped = (int)((first + i) % BlockLength), count = Math.Min(GroupLength - skipped, values.Length - i);
            Span<float> piece = values.Slice(i, count);
            if (count == GroupLength)
            {
                fixed (float* whole = piece) ApplyGroup(block, siteAndView, place, whole);
            }
            else
            {
                piece.CopyTo(new Span<float>(part + skipped, count));
                ApplyGroup(block, siteAndView, place, part);
                new Span<float>(part + skipped, count).CopyTo(piece);
            }
            i += count;
        }
    }

    /// <summary>The 64 elements of the blocks block … block + 7.</summary>
    void ApplyGroup(uint block, uint siteAndView, uint place, float* values)
    {
        // Blocks 0 … 3 in the even lanes and 4 … 7 in the odd ones: so interleaving the words leaves the draws in order.
        Vector512<ulong> even = Vector512.Create(ulong.MaxValue, 0, ulong.MaxValue, 0, ulong.MaxValue, 0, ulong.MaxValue, 0);
        Vector512<ulong> c0 = Word(Vector512.Create((ulong)block) + Vector512.Create(0ul, 4, 1, 5, 2, 6, 3, 7));
        (Vector512<ulong> low, Vector512<ulong> high) = Blocks(c0, siteAndView, place, _step, _seed);
        Vector512<ulong> front = Vector512.ConditionalSelect(even, low, Vector512.Shuffle(high, Vector512.Create(0ul, 0, 2, 2, 4, 4, 6, 6)));
        Vector512<ulong> back = Vector512.ConditionalSelect(even, Vector512.Shuffle(low, Vector512.Create(1ul, 1, 3, 3, 5, 5, 7, 7)), high);
        Apply(Vector512.WidenLower(front.AsUInt16()), values);
        Apply(Vector512.WidenUpper(front.AsUInt16()), values + 16);
        Apply(Vector512.WidenLower(back.AsUInt16()), values + 32);
        Apply(Vector512.WidenUpper(back.AsUInt16()), values + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Apply(Vector512<uint> draws, float* values)
    {
        Vector512<int> kept = Vector512.GreaterThanOrEqual(draws.AsInt32(), Vector512.Create(_threshold));
        (Vector512.Load(values) * Vector512.Create(_scale) & kept.AsSingle()).Store(values);
    }

    /// <summary><see cref="Philox.Block"/> in eight lanes: words 0 and 1, and words 2 and 3, each pair as one 64-bit number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector512<ulong> Low, Vector512<ulong> High) Blocks(Vector512<ulong> c0, uint siteAndView, uint place, uint step, ulong key)
    {
        // A word is the low half of its lane; the high half is what the product before left there.
        Vector512<ulong> c1 = Vector512.Create((ulong)siteAndView), c2 = Vector512.Create((ulong)place), c3 = Vector512.Create((ulong)step);
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < Philox.Rounds; round++)
        {
            Vector512<ulong> a = Product(c0, Philox.MultiplierA), b = Product(c2, Philox.MultiplierB);
            (c0, c1, c2, c3) = (b >>> 32 ^ c1 ^ Vector512.Create((ulong)k0), b, a >>> 32 ^ c3 ^ Vector512.Create((ulong)k1), a);
            k0 += Philox.WeylA;
            k1 += Philox.WeylB;
        }
        return (Word(c0) | c1 << 32, Word(c2) | c3 << 32);
    }

    /// <summary>The 64-bit product of each lane's word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<ulong> Product(Vector512<ulong> words, uint multiplier) => Avx512F.IsSupported
        ? Avx512F.Multiply(words.AsUInt32(), Vector512.Create((ulong)multiplier).AsUInt32())
        : Word(words) * Vector512.Create((ulong)multiplier);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<ulong> Word(Vector512<ulong> lanes) => lanes & Vector512.Create((ulong)uint.MaxValue);
}
