using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Formats;
using EsimCse.Formats.Parts;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>
/// Writes the vectors of rows into a folder, part by part, and goes on where an earlier process stopped. The stream of
/// vectors does not end at a part's end, so that the device is kept busy.
/// </summary>
/// <param name="embedding">The rows and their encoder.</param>
/// <param name="target">The folder.</param>
/// <param name="type">The type in which elements are stored.</param>
/// <param name="options">The options of the parts.</param>
sealed class ChunkedEmbedding(RowEmbedding embedding, string target, OutputType type, PartOptions options)
{
    /// <summary>The chunks whose rows are embedded, in order.</summary>
    readonly ConcurrentQueue<long> _chunks = new();

    long _rows;

    /// <summary>Writes the parts of the shard that are missing.</summary>
    /// <param name="stop">Ends the work after the part that is being written.</param>
    /// <exception cref="InvalidInputException">A row cannot be read, or its vector is not finite.</exception>
    /// <exception cref="IOException">A part cannot be written, or another process writes the shard.</exception>
    /// <exception cref="UsageException">The folder holds another job.</exception>
    public void Run(CancellationToken stop)
    {
        if (type == OutputType.Int8 && embedding.Inputs.IsStandardInput) throw NeedsFiles();
        using PartFolder folder = PartFolder.Open(target, CreateJob(), options.Shard, options.Overwrite);
        if (folder.FinishedBefore > 0)
            Console.Error.WriteLine($"{target}: {folder.FinishedBefore} parts of shard {options.Shard} were there");
        if (folder.IsComplete) return;
        float[]? scales = type == OutputType.Int8 ? folder.FindScales() ?? FindScales(stop) : null;
        using CancellationTokenRegistration remark = stop.Register(
            () => Console.Error.WriteLine("stopping after this part; a second signal stops at once"));
        // The part that is being written is finished, so that only a wait for standard input is cancelled.
        CancellationToken cancellation = embedding.Inputs.IsStandardInput ? stop : CancellationToken.None;
        using VectorStream vectors = new(
            embedding.Encode(SelectMissing(folder), cancellation), embedding.Encoder.Dimension);
        while (vectors.HasMore())
        {
            if (!_chunks.TryDequeue(out long chunk)) throw new InvalidOperationException("a vector without a row");
            IEnumerable<float[]> part = vectors.Take(options.ChunkRows);
            VectorRows rows = new(embedding.Encoder.Dimension, part, type)
            {
                Kept = embedding.Kept.Output,
                Scales = scales,
            };
            folder.Write(chunk, rows);
            stop.ThrowIfCancellationRequested();
        }
        folder.Complete(_rows);
    }

    /// <summary>Returns the rows of the chunks that are missing.</summary>
    IEnumerable<SentenceRow> SelectMissing(PartFolder folder)
    {
        bool isMissing = false;
        foreach (SentenceRow row in embedding.Read())
        {
            if (row.Number % options.ChunkRows == 0)
            {
                long chunk = row.Number / options.ChunkRows;
                isMissing = folder.IsMissing(chunk);
                if (isMissing) _chunks.Enqueue(chunk);
            }
            _rows = row.Number + 1;
            if (isMissing) yield return row;
        }
    }

    /// <summary>Returns the scales of int8, for which every shard embeds the first rows.</summary>
    float[] FindScales(CancellationToken stop)
    {
        IEnumerable<SentenceRow> first = embedding.Inputs.Read(embedding.Column).Take(Int8Rows.CalibrationRows);
        int dimension = embedding.Encoder.Dimension;
        float[] scales = Int8Rows.FindScales(new VectorRows(dimension, embedding.Encoder.Encode(first, stop)));
        embedding.Summary.SkipSoFar(embedding.Encoder);
        return scales;
    }

    EmbeddingJob CreateJob()
    {
        SentenceEncoder encoder = embedding.Encoder;
        JsonObject given = new()
        {
            ["pooler"] = encoder.Pooler.Name,
            ["normalize"] = encoder.Normalize,
            ["max_length"] = encoder.MaxLength,
            [EmbeddingJob.DimensionsKey] = encoder.Dimension,
            ["normalizes_again"] = encoder.Form.NormalizesAgain,
            ["prompt"] = encoder.Prompt,
            ["precision"] = encoder.Precision.Name(),
            [EmbeddingJob.OutputTypeKey] = type.Name(),
            [EmbeddingJob.FormatKey] = options.Format.Name,
            ["column"] = embedding.Column,
            [EmbeddingJob.KeepKey] = new JsonArray([.. embedding.Kept.Names.Select(name => JsonValue.Create(name))]),
            [EmbeddingJob.ChunkRowsKey] = options.ChunkRows,
        };
        JobInput[] inputs = [.. embedding.Inputs.Paths.Select(CreateInput)];
        ModelFolder folder = encoder.Folder;
        return EmbeddingJob.Create(ModelDigest.OfModel(folder), ModelDigest.OfTokenizer(folder), given, inputs);
    }

    static JobInput CreateInput(string path) =>
        new(path, path == TextInputs.StandardInput ? null : new FileInfo(path).Length);

    static UsageException NeedsFiles() =>
        new("--output-type int8: found standard input, expected files: their first rows are read twice");
}
