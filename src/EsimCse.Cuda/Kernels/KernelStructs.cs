using System.Runtime.CompilerServices;
using EsimCse.Core.Backend;

namespace EsimCse.Cuda.Kernels;

// Padding is a member, so that it is zero: bytes of no member have any value.

/// <summary>The struct <c>StepState</c> of stepstate.cuh.</summary>
readonly record struct StepStateArgument(nint Counters, nint Scalars)
{
    public static StepStateArgument From(StepState state) => new(state.Counters.Address, state.Scalars.Address);
}

/// <summary>The struct <c>TouchedRows</c> of touchedrows.cuh.</summary>
readonly record struct TouchedRowsArgument(nint Flags, int First, int Columns, int Rows, int Padding = 0)
{
    public static TouchedRowsArgument From(TouchedRows touched) => new(
        touched.Flags.Address,
        touched.First,
        touched.Columns,
        Rows: touched.Flags.Columns);
}

/// <summary>The struct <c>Sum</c> of linear.cu.</summary>
readonly record struct PendingSum(nint Partials, nint Target, int Parts, int Stride, long Columns);

/// <summary>The struct <c>Sums</c> of linear.cu, close to the 4 KB that a kernel's parameters may have.</summary>
[InlineArray(Capacity)]
struct SumTable
{
    public const int Capacity = 120;

    PendingSum _first;
}

/// <summary>The struct <c>Dropout</c> of philox.cuh.</summary>
readonly record struct DropoutArgument(
    float Scale,
    uint SeedLow,
    nint Counters,
    int Site,
    int Threshold,
    int SentencesPerView,
    uint SeedHigh)
{
    public static DropoutArgument From(DropoutMask mask) => new(
        mask.Scale,
        SeedLow: (uint)mask.Seed,
        mask.Counters.Address,
        mask.Site | mask.FirstView << 16,
        mask.Threshold,
        mask.SentencesPerView,
        SeedHigh: (uint)(mask.Seed >> 32));
}

/// <summary>The struct <c>Candidates</c> of contrastive.cuh.</summary>
readonly record struct CandidatesArgument(
    nint Texts,
    float HardNegativeWeight,
    int Pairs,
    int VectorRows,
    int QueueRows);

/// <summary>The struct <c>Corpus</c> of packviews.cu.</summary>
readonly record struct CorpusArgument(
    nint Tokens,
    nint Starts,
    nint Lines,
    nint Order,
    int Sentences,
    int Padding = 0)
{
    public static CorpusArgument From(CorpusMemory corpus) => new(
        corpus.Tokens.Address,
        corpus.Starts.Address,
        corpus.Lines.Address,
        corpus.Order.Address,
        Sentences: corpus.Order.Columns);
}

/// <summary>The struct <c>AugmentationSpec</c> of packviews.cu.</summary>
readonly record struct AugmentationArgument(
    nint ContinuesWord,
    nint Insertions,
    double Rate,
    uint SeedLow,
    uint SeedHigh,
    int Augmentation,
    int Formula,
    int Draw,
    int MaxPositions,
    int MaskId,
    int InsertionCount)
{
    public static AugmentationArgument From(AugmentationSpec spec) => new(
        spec.ContinuesWord.Address,
        spec.Insertions.Address,
        spec.Rate,
        SeedLow: (uint)spec.Seed,
        SeedHigh: (uint)(spec.Seed >> 32),
        (int)spec.Augmentation,
        (int)spec.Formula,
        (int)spec.Draw,
        spec.MaxPositions,
        spec.MaskId,
        InsertionCount: spec.Insertions.Columns);
}

/// <summary>The struct <c>MaskingSpec</c> of masktokens.cu.</summary>
readonly record struct MaskingArgument(
    nint IsSpecial,
    ulong Threshold,
    uint SeedLow,
    uint SeedHigh,
    int MaskId,
    int Vocabulary)
{
    public static MaskingArgument From(MaskingSpec spec) => new(
        spec.IsSpecial.Address,
        spec.Threshold,
        SeedLow: (uint)spec.Seed,
        SeedHigh: (uint)(spec.Seed >> 32),
        spec.MaskId,
        spec.VocabularySize);
}
