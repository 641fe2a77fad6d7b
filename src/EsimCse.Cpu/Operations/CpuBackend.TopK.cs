using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void TopK(Matrix scores, int firstRow, Matrix topScores, Matrix topRows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(topScores.Columns, IBackend.MaxTopK, nameof(topScores));
        if (topScores.Columns == 0) return;
        _pool.For(scores.Rows, 1, (from, to) =>
        {
            for (int query = from; query < to; query++)
            {
                Span<int> rows = new(Integers(topRows) + (long)query * topRows.Columns, topRows.Columns);
                MergeTop(Row(scores, query), firstRow, Row(topScores, query), rows);
            }
        });
    }

    static void MergeTop(ReadOnlySpan<float> scores, int firstRow, Span<float> topScores, Span<int> topRows)
    {
        int i = 0;
        while (i < scores.Length)
        {
            i = FindAtLeast(scores, i, topScores[^1]);
            int end = Math.Min(i + Vector256<float>.Count, scores.Length);
            for (; i < end; i++) InsertTop(scores[i], firstRow + i, topScores, topRows);
        }
    }

    /// <summary>
    /// Returns where the next scores begin of which one reaches the lowest; NaN reaches nothing.
    /// </summary>
    static int FindAtLeast(ReadOnlySpan<float> scores, int from, float lowest)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        Vector256<float> lowests = Vector256.Create(lowest);
        int i = from;
        for (; i <= scores.Length - Vector256<float>.Count; i += Vector256<float>.Count)
            if (Vector256.GreaterThanOrEqualAny(Vector256.LoadUnsafe(ref first, (nuint)i), lowests)) break;
        return i;
    }

    /// <summary>Inserts a score into a sorted list, unless it is NaN or all of the list are better.</summary>
    static void InsertTop(float score, int row, Span<float> topScores, Span<int> topRows)
    {
        if (float.IsNaN(score) || !IsBetter(score, row, topScores[^1], topRows[^1])) return;
        int place = topScores.Length - 1;
        for (; place > 0 && IsBetter(score, row, topScores[place - 1], topRows[place - 1]); place--)
        {
            topScores[place] = topScores[place - 1];
            topRows[place] = topRows[place - 1];
        }
        topScores[place] = score;
        topRows[place] = row;
    }

    /// <summary>Whether a row is better than one of a list, or the list's place is unused.</summary>
    static bool IsBetter(float score, int row, float otherScore, int otherRow) =>
        otherRow < 0 || score > otherScore || score == otherScore && row < otherRow;
}
