namespace EsimCse.Search.Hnsw;

/// <summary>The part of an index's index.json that describes its graph.</summary>
/// <param name="Sha256">SHA-256 of the graph's file, in lower-case hexadecimal.</param>
/// <param name="IsNormalized">
/// Whether all vectors have norm 1, so that the graph of cosines serves dot product and Euclidean distance too.
/// </param>
sealed record GraphDescription(string Sha256, bool IsNormalized);
