using EsimCse.Formats.Parts;

namespace EsimCse.Formats;

/// <summary>A format in which vectors are written.</summary>
interface IVectorWriter
{
    /// <summary>Writes all rows, which are read once, and flushes the stream.</summary>
    /// <param name="stream">An empty file, which stays open.</param>
    /// <param name="rows">The vectors.</param>
    void Write(Stream stream, VectorRows rows);

    /// <summary>Writes the rows of files of this format: the bytes are those of all rows written at once.</summary>
    /// <param name="stream">An empty file, which stays open.</param>
    /// <param name="parts">The files.</param>
    void Join(Stream stream, PartFiles parts);
}
