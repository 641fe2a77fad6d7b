namespace EsimCse.Formats;

/// <summary>A format in which vectors are written.</summary>
interface IVectorWriter
{
    /// <summary>Writes all rows, which are read once, and flushes the stream.</summary>
    /// <param name="stream">An empty file, which stays open.</param>
    /// <param name="rows">The vectors.</param>
    void Write(Stream stream, VectorRows rows);
}
