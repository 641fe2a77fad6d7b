using System.Text.Json.Nodes;
using EsimCse.Formats;
using EsimCse.Formats.Parts;

namespace EsimCse.Tests.Support;

/// <summary>A job of drawn vectors, and a folder for its parts.</summary>
sealed class PartJob(string format, int rows, int chunkRows, OutputType type = OutputType.Float32) : IDisposable
{
    public const int Dimension = 5;

    readonly float[][] _vectors = VectorSamples.Normal(rows, Dimension);

    public string Folder { get; } = Directory.CreateTempSubdirectory("esimcse-parts-").FullName;

    public EmbeddingJob Job { get; } = Create(format, chunkRows, type);

    long Chunks => (rows + chunkRows - 1) / chunkRows;

    public static EmbeddingJob Create(string format, int chunkRows, OutputType type = OutputType.Float32)
    {
        JsonObject options = new()
        {
            [EmbeddingJob.DimensionsKey] = Dimension,
            [EmbeddingJob.OutputTypeKey] = type.Name(),
            [EmbeddingJob.FormatKey] = format,
            [EmbeddingJob.KeepKey] = new JsonArray(),
            [EmbeddingJob.ChunkRowsKey] = chunkRows,
        };
        return EmbeddingJob.Create("model", "tokenizer", options, [new("a.txt", 12), new("-", null)]);
    }

    public string In(string name) => Path.Combine(Folder, name);

    /// <summary>Writes the missing parts of a shard into a folder.</summary>
    public void Write(string folder, Shard shard, bool overwrite = false)
    {
        using PartFolder parts = PartFolder.Open(In(folder), Job, shard, overwrite);
        for (long chunk = 0; chunk < Chunks; chunk++)
            if (parts.IsMissing(chunk)) parts.Write(chunk, Part(chunk));
        parts.Complete(rows);
    }

    /// <summary>Returns the rows of a part.</summary>
    public VectorRows Part(long chunk)
    {
        float[][] part = [.. _vectors.Skip((int)chunk * chunkRows).Take(chunkRows)];
        return new VectorRows(Dimension, part, type) { Scales = type == OutputType.Int8 ? Scales() : null };
    }

    /// <summary>Writes all rows at once and returns the file.</summary>
    public string WriteWhole()
    {
        string path = In($"whole.{format}");
        VectorFile.Write(path, new VectorRows(Dimension, _vectors, type));
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    float[] Scales() => Int8Rows.FindScales(new VectorRows(Dimension, _vectors));
}
