namespace EsimCse.Formats;

/// <summary>
/// Vectors in int8: an element x of a column with the scale s is stored as the integer nearest to x / s, from -127 to
/// 127, so that its product with s is near to x. A column's scale is its largest magnitude in the first rows / 127,
/// and 1 / 127 where these are all zero.
/// </summary>
/// <param name="rows">The vectors, perhaps with scales.</param>
/// <param name="calibrationRows">
/// The rows that determine the scales where they are not given; they are held in memory.
/// </param>
sealed class Int8Rows(VectorRows rows, int calibrationRows = Int8Rows.CalibrationRows) : StoredElements<sbyte>
{
    /// <summary>The rows that determine the scales.</summary>
    public const int CalibrationRows = 100_000;

    const float MaxLevel = 127;

    readonly float[] _scales = rows.Scales ?? new float[rows.Dimension];

    /// <inheritdoc/>
    public override int Columns => rows.Dimension;

    /// <inheritdoc/>
    public override string NpyType => "|i1";

    /// <inheritdoc/>
    public override string SafetensorsType => "I8";

    /// <summary>The scale of each column; known from the first chunk on.</summary>
    public ReadOnlySpan<float> Scales => _scales;

    /// <summary>Returns the scales that vectors determine.</summary>
    public static float[] FindScales(VectorRows rows)
    {
        Int8Rows quantized = new(rows);
        foreach (sbyte[] _ in quantized.Chunks()) { }
        return quantized._scales;
    }

    /// <inheritdoc/>
    public override IEnumerable<sbyte[]> Chunks() =>
        rows.Scales is null ? FindScalesAndQuantize() : rows.Chunks().Select(Quantize);

    IEnumerable<sbyte[]> FindScalesAndQuantize()
    {
        using IEnumerator<float[]> source = rows.Chunks().GetEnumerator();
        Queue<float[]> first = [];
        long left = calibrationRows;
        while (left > 0 && source.MoveNext())
        {
            first.Enqueue(source.Current);
            left -= source.Current.Length / Columns;
        }
        FindScales(first);
        while (first.TryDequeue(out float[]? chunk)) yield return Quantize(chunk);
        while (source.MoveNext()) yield return Quantize(source.Current);
    }

    void FindScales(IEnumerable<float[]> chunks)
    {
        long left = calibrationRows;
        foreach (float[] chunk in chunks)
        {
            long used = Math.Min(left, chunk.Length / Columns);
            for (int row = 0; row < used; row++) IncludeMagnitudes(chunk.AsSpan(row * Columns, Columns));
            left -= used;
        }
        foreach (ref float scale in _scales.AsSpan())
        {
            scale /= MaxLevel;
            if (scale == 0) scale = 1 / MaxLevel;
        }
    }

    void IncludeMagnitudes(ReadOnlySpan<float> vector)
    {
        for (int i = 0; i < vector.Length; i++) _scales[i] = Math.Max(_scales[i], Math.Abs(vector[i]));
    }

    sbyte[] Quantize(float[] chunk)
    {
        sbyte[] levels = new sbyte[chunk.Length];
        for (int row = 0; row < chunk.Length; row += Columns)
            for (int i = 0; i < Columns; i++)
            {
                double level = Math.Round((double)chunk[row + i] / _scales[i]);
                levels[row + i] = (sbyte)Math.Clamp(level, -MaxLevel, MaxLevel);
            }
        return levels;
    }
}
