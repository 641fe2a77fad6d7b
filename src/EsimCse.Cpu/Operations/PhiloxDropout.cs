using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Operations;

/// <summary>
/// Applies a <see cref="DropoutMask"/>, four <see cref="Philox"/> blocks (32 elements) at a time. The mask documents
/// the counters.
/// </summary>
readonly unsafe struct PhiloxDropout
{
    const int BlockLength = 8;
    const int GroupLength = 4 * BlockLength;

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

    /// <summary>Whether anything is dropped.</summary>
    public bool IsActive => _isActive;

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

    /// <summary>Applies the mask to the 32 elements of blocks block … block + 3.</summary>
    void ApplyGroup(uint block, uint siteAndView, uint sentence, float* values)
    {
        // Even lanes hold blocks 0 and 1, odd lanes 2 and 3: interleaving the words keeps the draws in order.
        Vector256<ulong> c0 = LowWord(Vector256.Create((ulong)block) + Vector256.Create(0ul, 2, 1, 3));
        (Vector256<ulong> low, Vector256<ulong> high) = Blocks(c0, siteAndView, sentence, _step, _seed);

        Vector256<ulong> isEven = Vector256.Create(ulong.MaxValue, 0, ulong.MaxValue, 0);
        Vector256<ulong> highOfEven = Vector256.Shuffle(high, Vector256.Create(0ul, 0, 2, 2));
        Vector256<ulong> lowOfOdd = Vector256.Shuffle(low, Vector256.Create(1ul, 1, 3, 3));
        Vector256<ulong> front = Vector256.ConditionalSelect(isEven, low, highOfEven);
        Vector256<ulong> back = Vector256.ConditionalSelect(isEven, lowOfOdd, high);
        ApplyDraws(Vector256.WidenLower(front.AsUInt16()), values);
        ApplyDraws(Vector256.WidenUpper(front.AsUInt16()), values + 8);
        ApplyDraws(Vector256.WidenLower(back.AsUInt16()), values + 16);
        ApplyDraws(Vector256.WidenUpper(back.AsUInt16()), values + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void ApplyDraws(Vector256<uint> draws, float* values)
    {
        Vector256<int> mask = Vector256.GreaterThanOrEqual(draws.AsInt32(), Vector256.Create(_threshold));
        (Vector256.Load(values) * Vector256.Create(_scale) & mask.AsSingle()).Store(values);
    }

    /// <summary>
    /// Computes <see cref="Philox.Block"/> in four lanes. Words 0 and 1 of a block make one 64-bit number, words 2 and
    /// 3 another.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector256<ulong> Low, Vector256<ulong> High) Blocks(
        Vector256<ulong> c0, uint siteAndView, uint sentence, uint step, ulong key)
    {
        // A word is the low half of its lane; the high half is left over from the product and ignored.
        Vector256<ulong> c1 = Vector256.Create((ulong)siteAndView);
        Vector256<ulong> c2 = Vector256.Create((ulong)sentence);
        Vector256<ulong> c3 = Vector256.Create((ulong)step);
        uint k0 = (uint)key;
        uint k1 = (uint)(key >> 32);
        for (int round = 0; round < Philox.Rounds; round++)
        {
            Vector256<ulong> a = Product(c0, Philox.MultiplierA);
            Vector256<ulong> b = Product(c2, Philox.MultiplierB);
            c0 = b >>> 32 ^ c1 ^ Vector256.Create((ulong)k0);
            c1 = b;
            c2 = a >>> 32 ^ c3 ^ Vector256.Create((ulong)k1);
            c3 = a;
            k0 += Philox.WeylA;
            k1 += Philox.WeylB;
        }
        return (LowWord(c0) | c1 << 32, LowWord(c2) | c3 << 32);
    }

    /// <summary>Returns the 64-bit product of each lane's low word and the multiplier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ulong> Product(Vector256<ulong> lanes, uint multiplier) => Avx2.IsSupported
        ? Avx2.Multiply(lanes.AsUInt32(), Vector256.Create((ulong)multiplier).AsUInt32())
        : LowWord(lanes) * Vector256.Create((ulong)multiplier);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ulong> LowWord(Vector256<ulong> lanes) => lanes & Vector256.Create((ulong)uint.MaxValue);
}
