using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Operations;

/// <summary>
/// Applies a <see cref="DropoutMask"/>, eight <see cref="Philox"/> blocks (64 elements) at a time. The mask documents
/// the counters.
/// </summary>
readonly unsafe struct PhiloxDropout
{
    const int BlockLength = 8;
    const int GroupLength = 8 * BlockLength;

    readonly bool _isActive;
    readonly ulong _seed;
    readonly uint _site;
    readonly uint _step;
    readonly int _threshold;
    readonly int _sentencesPerView;
    readonly int _firstSentence;
    readonly float _scale;

    public PhiloxDropout(DropoutMask mask)
    {
        _isActive = mask.IsActive;
        if (!_isActive) return;
        _seed = mask.Seed;
        _site = (uint)mask.Site | (uint)mask.FirstView << 16;
        int* counters = (int*)mask.Counters.Address;
        _step = (uint)counters[StepState.Step];
        _firstSentence = counters[StepState.FirstSentence];
        _threshold = mask.Threshold;
        _sentencesPerView = mask.SentencesPerView;
        _scale = mask.Scale;
    }

    /// <summary>Computes values ∘ mask in place.</summary>
    /// <param name="sentence">Index in the batch.</param>
    /// <param name="firstElement">Index of the first value in the sentence's array.</param>
    /// <param name="values">Consecutive elements of that array.</param>
    public void Apply(int sentence, long firstElement, Span<float> values)
    {
        if (!_isActive) return;
        (int view, int sentenceInView) = Math.DivRem(sentence, _sentencesPerView);
        sentenceInView += _firstSentence;
        uint siteAndView = _site | (uint)view << 16;
        float* buffer = stackalloc float[GroupLength];
        for (int i = 0; i < values.Length;)
        {
            uint block = (uint)((firstElement + i) / BlockLength);
            int skipped = (int)((firstElement + i) % BlockLength);
            int count = Math.Min(GroupLength - skipped, values.Length - i);
            Span<float> group = values.Slice(i, count);
            if (count == GroupLength)
            {
                fixed (float* whole = group) ApplyGroup(block, siteAndView, (uint)sentenceInView, whole);
            }
            else
            {
                Span<float> part = new(buffer + skipped, count);
                group.CopyTo(part);
                ApplyGroup(block, siteAndView, (uint)sentenceInView, buffer);
                part.CopyTo(group);
            }
            i += count;
        }
    }

    /// <summary>Applies the mask to the 64 elements of blocks block … block + 7.</summary>
    void ApplyGroup(uint block, uint siteAndView, uint sentence, float* values)
    {
        // Even lanes hold blocks 0 … 3 and odd lanes blocks 4 … 7: interleaving the words keeps the draws in order.
        Vector512<ulong> lanes = Vector512.Create(0ul, 4, 1, 5, 2, 6, 3, 7);
        Vector512<ulong> c0 = LowWord(Vector512.Create((ulong)block) + lanes);
        (Vector512<ulong> low, Vector512<ulong> high) = Blocks(c0, siteAndView, sentence, _step, _seed);

        Vector512<ulong> isEven = Vector512.Create(Vector128.Create(ulong.MaxValue, 0));
        Vector512<ulong> highOfEven = Vector512.Shuffle(high, Vector512.Create(0ul, 0, 2, 2, 4, 4, 6, 6));
        Vector512<ulong> lowOfOdd = Vector512.Shuffle(low, Vector512.Create(1ul, 1, 3, 3, 5, 5, 7, 7));
        Vector512<ulong> front = Vector512.ConditionalSelect(isEven, low, highOfEven);
        Vector512<ulong> back = Vector512.ConditionalSelect(isEven, lowOfOdd, high);
        ApplyDraws(Vector512.WidenLower(front.AsUInt16()), values);
        ApplyDraws(Vector512.WidenUpper(front.AsUInt16()), values + 16);
        ApplyDraws(Vector512.WidenLower(back.AsUInt16()), values + 32);
        ApplyDraws(Vector512.WidenUpper(back.AsUInt16()), values + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void ApplyDraws(Vector512<uint> draws, float* values)
    {
        Vector512<int> mask = Vector512.GreaterThanOrEqual(draws.AsInt32(), Vector512.Create(_threshold));
        (Vector512.Load(values) * Vector512.Create(_scale) & mask.AsSingle()).Store(values);
    }

    /// <summary>
    /// Computes <see cref="Philox.Block"/> in eight lanes. Words 0 and 1 of a block make one 64-bit number, words 2 and
    /// 3 another.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector512<ulong> Low, Vector512<ulong> High) Blocks(
        Vector512<ulong> c0, uint siteAndView, uint sentence, uint step, ulong key)
    {
        // A word is the low half of its lane; the high half is left over from the product and ignored.
        Vector512<ulong> c1 = Vector512.Create((ulong)siteAndView);
        Vector512<ulong> c2 = Vector512.Create((ulong)sentence);
        Vector512<ulong> c3 = Vector512.Create((ulong)step);
        uint k0 = (uint)key;
        uint k1 = (uint)(key >> 32);
        for (int round = 0; round < Philox.Rounds; round++)
        {
            Vector512<ulong> a = Product(c0, Philox.MultiplierA);
            Vector512<ulong> b = Product(c2, Philox.MultiplierB);
            c0 = b >>> 32 ^ c1 ^ Vector512.Create((ulong)k0);
            c1 = b;
            c2 = a >>> 32 ^ c3 ^ Vector512.Create((ulong)k1);
            c3 = a;
            k0 += Philox.WeylA;
            k1 += Philox.WeylB;
        }
        return (LowWord(c0) | c1 << 32, LowWord(c2) | c3 << 32);
    }

    /// <summary>Returns the 64-bit product of each lane's low word and the multiplier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<ulong> Product(Vector512<ulong> lanes, uint multiplier) => Avx512F.IsSupported
        ? Avx512F.Multiply(lanes.AsUInt32(), Vector512.Create((ulong)multiplier).AsUInt32())
        : LowWord(lanes) * Vector512.Create((ulong)multiplier);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<ulong> LowWord(Vector512<ulong> lanes) => lanes & Vector512.Create((ulong)uint.MaxValue);
}
