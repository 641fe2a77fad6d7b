using System.Runtime.InteropServices;

namespace EsimCse.Formats;

/// <summary>Vectors with elements of the type <typeparamref name="T"/>.</summary>
abstract class StoredElements<T> : StoredRows where T : unmanaged
{
    /// <summary>Returns the elements, in chunks of whole rows. They are read once.</summary>
    public abstract IEnumerable<T[]> Chunks();

    /// <summary>
    /// Returns the elements in batches of a number of rows, of which the last may have fewer, whatever the chunks. A
    /// batch is valid until the next one.
    /// </summary>
    public IEnumerable<ReadOnlyMemory<T>> Batches(int rows)
    {
        T[] batch = new T[checked(rows * Columns)];
        int filled = 0;
        foreach (T[] chunk in Chunks())
            for (int from = 0; from < chunk.Length;)
            {
                int count = Math.Min(batch.Length - filled, chunk.Length - from);
                chunk.AsSpan(from, count).CopyTo(batch.AsSpan(filled));
                from += count;
                filled += count;
                if (filled < batch.Length) continue;
                yield return batch;
                filled = 0;
            }
        if (filled > 0) yield return batch.AsMemory(0, filled);
    }

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
