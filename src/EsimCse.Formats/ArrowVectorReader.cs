using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace EsimCse.Formats;

/// <summary>Reads the column embedding of .arrow files that <see cref="ArrowVectorWriter"/> wrote.</summary>
static class ArrowVectorReader
{
    /// <summary>Returns the vectors of a file, a record batch at a time.</summary>
    public static IEnumerable<T[]> Read<T>(string path) where T : unmanaged
    {
        using FileStream stream = File.OpenRead(path);
        using ArrowFileReader reader = new(stream);
        while (reader.ReadNextRecordBatch() is { } batch)
            using (batch)
                yield return Elements<T>((FixedSizeListArray)batch.Column(batch.ColumnCount - 1));
    }

    static T[] Elements<T>(FixedSizeListArray lists) where T : unmanaged
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(lists.Values.Data.Buffers[1].Span);
        // Buffers are padded.
        return values[..lists.Values.Length].ToArray();
    }
}
