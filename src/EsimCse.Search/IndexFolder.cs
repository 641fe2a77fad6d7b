using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Search.Hnsw;

namespace EsimCse.Search;

/// <summary>Writes the folder of an index, which is complete or absent.</summary>
static class IndexFolder
{
    /// <summary>The name of the vectors' file.</summary>
    public const string VectorsName = "vectors.npy";

    /// <summary>Floats that are copied at a time.</summary>
    const int ChunkFloats = 1 << 20;

    static readonly string[] Names =
    [
        VectorsName,
        QuantizedVectors.PanelsName,
        QuantizedVectors.RowsName,
        IndexTexts.BytesName,
        IndexTexts.OffsetsName,
        HnswGraph.FileName,
        IndexDescription.FileName,
    ];

    /// <summary>Checks that an index may be written to a path: it is missing, an empty folder, or an index.</summary>
    /// <exception cref="UsageException">It is anything else.</exception>
    public static void CheckReplaceable(string path)
    {
        if (File.Exists(path)) throw new UsageException($"{path}: found a file, expected an index or no such folder");
        if (!Directory.Exists(path)) return;
        IEnumerable<string> entries = Directory.EnumerateFileSystemEntries(path);
        string[] found = [.. entries.Select(entry => Path.GetFileName(entry)).Order()];
        string? other = found.FirstOrDefault(name => !Names.Contains(name));
        if (other is null && found.Length > 0 && !found.Contains(IndexDescription.FileName)) other = found[0];
        if (other is not null)
            throw new UsageException($"{path}: found {other}, expected an index, an empty folder or no such folder");
    }

    /// <summary>
    /// Writes an index, in place of the one that a folder holds. Returns the recall of its graph where that was
    /// measured.
    /// </summary>
    /// <param name="path">The folder; its parent must be there.</param>
    /// <param name="vectors">The vectors.</param>
    /// <param name="texts">The text of each row; null for none.</param>
    /// <param name="textsName">The name of the texts in messages.</param>
    /// <param name="hnsw">Builds the graph of an index of the kind hnsw; null for one of the kind exact.</param>
    /// <param name="cancellation">Stops before the next part of the vectors.</param>
    /// <exception cref="InvalidInputException">
    /// A vector is not finite, or the number of texts is another than that of vectors.
    /// </exception>
    /// <exception cref="IOException">Another process writes this index, or the folder cannot be written.</exception>
    /// <exception cref="PlatformNotSupportedException">USearch's library cannot be loaded.</exception>
    /// <exception cref="UsageException">The folder holds something else.</exception>
    public static Recall? Write(
        string path,
        MappedVectors vectors,
        IEnumerable<string>? texts,
        string? textsName,
        HnswBuilder? hnsw,
        CancellationToken cancellation)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        CheckReplaceable(folder);
        using FileStream held = ExclusiveFile.TryOpen(folder + ".lock" + AtomicFile.TemporarySuffix)
            ?? throw new IOException($"{path}: in use: another run is writing this index");
        string temporary = folder + AtomicFile.TemporarySuffix;
        try
        {
            DeleteFolder(temporary);
            Directory.CreateDirectory(temporary);
            WriteVectors(temporary, vectors, cancellation);
            if (texts is not null) WriteTexts(temporary, vectors, texts, textsName, cancellation);
            (GraphDescription? graph, Recall? recall) = WriteGraph(temporary, hnsw, cancellation);
            const SimilarityFunction similarity = SimilarityFunction.Cosine;
            new IndexDescription(vectors.Rows, vectors.Dimension, similarity, HasTexts: texts is not null, graph)
                .Write(temporary);
            Replace(folder, temporary);
            return recall;
        }
        finally
        {
            DeleteFolder(temporary);
            File.Delete(held.Name);
        }
    }

    /// <summary>Writes the vectors, and what they are rounded to bytes.</summary>
    static void WriteVectors(string folder, MappedVectors vectors, CancellationToken cancellation)
    {
        string path = Path.Combine(folder, VectorsName);
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        using QuantizedVectors.Writer quantized = new(folder, vectors.Rows, vectors.Dimension);
        file.Write(NpyHeader.Create("<f4", vectors.Rows, vectors.Dimension));
        int rows = Math.Max(ChunkFloats / vectors.Dimension / BytePanels.Rows, 1) * BytePanels.Rows;
        float[] chunk = new float[checked(rows * vectors.Dimension)];
        for (long first = 0; first < vectors.Rows; first += rows)
        {
            cancellation.ThrowIfCancellationRequested();
            Memory<float> part = chunk.AsMemory(0, (int)Math.Min(rows, vectors.Rows - first) * vectors.Dimension);
            vectors.Read(first, part.Span);
            file.Write(MemoryMarshal.AsBytes(part.Span));
            quantized.Write(part);
        }
        quantized.Flush();
        file.Flush(flushToDisk: true);
    }

    static void WriteTexts(
        string folder, MappedVectors vectors, IEnumerable<string> texts, string? name, CancellationToken cancellation)
    {
        long rows = IndexTexts.Write(folder, texts.TakeWhile(_ => !cancellation.IsCancellationRequested));
        cancellation.ThrowIfCancellationRequested();
        if (rows != vectors.Rows)
            throw new InvalidInputException(
                $"{name ?? "texts"}: found {rows} rows, expected {vectors.Rows} as in {vectors.Path}");
    }

    static (GraphDescription? Description, Recall? Recall) WriteGraph(
        string folder, HnswBuilder? hnsw, CancellationToken cancellation)
    {
        if (hnsw is null) return (null, null);
        using MappedVectors vectors = MappedVectors.Open(Path.Combine(folder, VectorsName));
        return hnsw.Build(folder, vectors, cancellation);
    }

    /// <summary>Renames the complete folder; an index that is there is moved out of its way first.</summary>
    static void Replace(string folder, string temporary)
    {
        CheckReplaceable(folder);
        string old = folder + ".old" + AtomicFile.TemporarySuffix;
        DeleteFolder(old);
        if (Directory.Exists(folder)) Directory.Move(folder, old);
        Directory.Move(temporary, folder);
        DeleteFolder(old);
    }

    static void DeleteFolder(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }
}
