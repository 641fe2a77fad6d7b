namespace EsimCse.Formats;

/// <summary>Vectors as they are.</summary>
/// <param name="rows">The vectors.</param>
sealed class Float32Rows(VectorRows rows) : StoredElements<float>
{
    /// <inheritdoc/>
    public override int Columns => rows.Dimension;

    /// <inheritdoc/>
    public override string NpyType => "<f4";

    /// <inheritdoc/>
    public override string SafetensorsType => "F32";

    /// <inheritdoc/>
    public override IEnumerable<float[]> Chunks() => rows.Chunks();
}
