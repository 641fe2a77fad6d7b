using System.Runtime.InteropServices;

namespace EsimCse.Formats;

/// <summary>Vectors with elements of the type <typeparamref name="T"/>.</summary>
abstract class StoredElements<T> : StoredRows where T : unmanaged
{
    /// <summary>Returns the elements, in chunks of whole rows. They are read once.</summary>
    public abstract IEnumerable<T[]> Chunks();

    /// <inheritdoc/>
    public override long WriteTo(Stream stream)
    {
        long rows = 0;
        foreach (T[] chunk in Chunks())
        {
            stream.Write(MemoryMarshal.AsBytes<T>(chunk));
            rows += chunk.Length / Columns;
        }
        return rows;
    }
}
