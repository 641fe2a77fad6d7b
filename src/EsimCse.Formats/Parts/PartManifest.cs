using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Formats.Parts;

/// <summary>A finished part of a job.</summary>
/// <param name="Chunk">Its place among all parts, from 0.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Bytes">The size of its file.</param>
/// <param name="Hash">SHA-256 of its file.</param>
sealed record FinishedPart(long Chunk, long Rows, long Bytes, string Hash);

/// <summary>
/// A job and its finished parts, in order: the file manifest.json of a folder of parts. It holds no time, so that a
/// job that was interrupted ends with the bytes of one that was not.
/// </summary>
/// <param name="Job">The job.</param>
/// <param name="Rows">The rows of all inputs; null until a process has read them to their end.</param>
/// <param name="Parts">The finished parts, in order.</param>
sealed record PartManifest(EmbeddingJob Job, long? Rows, IReadOnlyList<FinishedPart> Parts)
{
    /// <summary>Name of the file.</summary>
    public const string Name = "manifest.json";

    const string ModelKey = "model_sha256", TokenizerKey = "tokenizer_sha256", OptionsKey = "options";
    const string InputsKey = "inputs", NameKey = "name", BytesKey = "bytes";
    const string RowsKey = "rows", PartsKey = "parts", FileKey = "file", HashKey = "sha256";

    /// <summary>The number of parts; null until the number of rows is known.</summary>
    public long? Count => (Rows + Job.ChunkRows - 1) / Job.ChunkRows;

    /// <summary>Returns the name of a part's file, such as part-00012.npy.</summary>
    public static string FileName(long chunk, string extension) => $"part-{chunk:D5}{extension}";

    /// <summary>Returns the manifest with one more part, which replaces an earlier one in its place.</summary>
    public PartManifest With(FinishedPart part)
    {
        IEnumerable<FinishedPart> others = Parts.Where(other => other.Chunk != part.Chunk);
        return this with { Parts = [.. others.Append(part).OrderBy(entry => entry.Chunk)] };
    }

    /// <summary>Reads the manifest of a folder; null where there is none.</summary>
    /// <exception cref="InvalidInputException">The file is not a manifest.</exception>
    public static PartManifest? Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (!InputFile.IsPresent(path)) return null;
        JsonObject json = JsonFile.ReadObject(path);
        try
        {
            return FromJson(json);
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidInputException($"{path}: found another content, expected a manifest of embed", error);
        }
    }

    /// <summary>Writes the manifest to its folder.</summary>
    public void Write(string folder) => AtomicFile.Write(Path.Combine(folder, Name), stream =>
    {
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            ToJson().WriteTo(writer);
        stream.WriteByte((byte)'\n');
    });

    JsonObject ToJson() => new()
    {
        [ModelKey] = Job.Model,
        [TokenizerKey] = Job.Tokenizer,
        [OptionsKey] = Job.Options.DeepClone(),
        [InputsKey] = new JsonArray([.. Job.Inputs.Select(ToJson)]),
        [RowsKey] = Rows,
        [PartsKey] = new JsonArray([.. Parts.Select(ToJson)]),
    };

    static JsonNode ToJson(JobInput input) => new JsonObject { [NameKey] = input.Name, [BytesKey] = input.Bytes };

    JsonNode ToJson(FinishedPart part) => new JsonObject
    {
        [FileKey] = FileName(part.Chunk, Job.Extension),
        [RowsKey] = part.Rows,
        [BytesKey] = part.Bytes,
        [HashKey] = part.Hash,
    };

    static PartManifest FromJson(JsonObject json)
    {
        EmbeddingJob job = new(
            json.RequiredText(ModelKey),
            json.RequiredText(TokenizerKey),
            json.Required(OptionsKey).DeepClone().AsObject(),
            [.. json.Required(InputsKey).AsArray().Select(ToInput)]);
        FinishedPart[] parts = [.. json.Required(PartsKey).AsArray().Select(ToPart)];
        // Every member is read now, so that none is found wrong later.
        bool isValid = job.ChunkRows > 0 && job.Dimension > 0 && VectorFormat.Find(job.Extension) is not null
            && job.OutputType >= 0 && parts.Zip(parts.Skip(1)).All(pair => pair.First.Chunk < pair.Second.Chunk);
        if (!isValid) throw new FormatException("a value is out of its range");
        return new PartManifest(job, json[RowsKey]?.GetValue<long>(), parts);

        FinishedPart ToPart(JsonNode? part)
        {
            string file = part.RequiredText(FileKey);
            string number = file["part-".Length..^job.Extension.Length];
            if (!long.TryParse(number, CultureInfo.InvariantCulture, out long chunk)) throw new FormatException(file);
            FinishedPart read = new(
                chunk, part.RequiredNumber(RowsKey), part.RequiredNumber(BytesKey), part.RequiredText(HashKey));
            // A name of another form could lead out of the folder.
            return FileName(read.Chunk, job.Extension) == file ? read : throw new FormatException(file);
        }

        static JobInput ToInput(JsonNode? input) =>
            new(input.RequiredText(NameKey), input![BytesKey]?.GetValue<long>());
    }
}
