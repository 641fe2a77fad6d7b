namespace EsimCseNative;

/// <summary>A row of a <see cref="VectorIndex"/> that is near a query.</summary>
/// <param name="Row">The row's number, from 0.</param>
/// <param name="Score">The similarity to the query, in double precision; larger is more alike.</param>
/// <param name="Text">The row's text; null where the index has no texts.</param>
public sealed record SearchResult(long Row, double Score, string? Text);
