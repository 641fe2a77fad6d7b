using EsimCse.Core;

namespace EsimCse.Search;

/// <summary>
/// The terms of a block's rows in the bounds of all queries: a row may be one of the best where its score times its
/// scale and the query's is at least slope · norm + error slope · error + offset + the row's offset.
/// </summary>
/// <param name="capacity">Most rows of a block.</param>
sealed class BlockTerms(int capacity)
{
    readonly float[] _scales = new float[capacity];
    readonly float[] _norms = new float[capacity];
    readonly float[] _errors = new float[capacity];
    readonly float[] _offsets = new float[capacity];

    /// <summary>Number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>Factors of the scores: 1 where the vectors are not rounded.</summary>
    public ReadOnlySpan<float> Scales => _scales.AsSpan(0, Count);

    /// <summary>Norms of the rows.</summary>
    public ReadOnlySpan<float> Norms => _norms.AsSpan(0, Count);

    /// <summary>Errors of the rows' rounding: 0 where they are not rounded.</summary>
    public ReadOnlySpan<float> Errors => _errors.AsSpan(0, Count);

    /// <summary>Offsets of the rows' bounds; negative infinity for a row that no bound leaves out.</summary>
    public ReadOnlySpan<float> Offsets => _offsets.AsSpan(0, Count);

    /// <summary>Computes the terms of a block.</summary>
    /// <param name="function">The similarity.</param>
    /// <param name="rows">Norm and rounding of each row.</param>
    /// <param name="areRounded">Whether the scores are those of the rounded vectors.</param>
    /// <param name="error">The <see cref="ScoreBound.Error"/> of the dimension.</param>
    public void Set(SimilarityFunction function, ReadOnlySpan<QuantizedRow> rows, bool areRounded, double error)
    {
        Count = rows.Length;
        for (int i = 0; i < rows.Length; i++)
        {
            bool isInRange = ScoreBound.IsInRange(rows[i].Norm);
            QuantizedRow row = areRounded ? rows[i] : QuantizedRow.Unrounded(rows[i].Norm);
            if (!isInRange) row = default;
            _scales[i] = row.Scale;
            _norms[i] = row.Norm;
            _errors[i] = row.Error;
            _offsets[i] = isInRange ? ScoreBound.RowOffset(function, row.Norm, error) : float.NegativeInfinity;
        }
    }
}
