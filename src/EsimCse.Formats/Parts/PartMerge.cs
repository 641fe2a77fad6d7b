using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Formats.Parts;

/// <summary>Joins the parts of a job, from the folders of its shards.</summary>
sealed class PartMerge
{
    /// <summary>Missing parts that an error names at most.</summary>
    const int NamedParts = 8;

    readonly EmbeddingJob _job;
    readonly List<string> _paths = [];
    readonly long _rows;

    PartMerge(EmbeddingJob job, long rows, IEnumerable<string> paths)
    {
        _job = job;
        _rows = rows;
        _paths.AddRange(paths);
    }

    /// <summary>The rows of all parts.</summary>
    public long Rows => _rows;

    /// <summary>The number of parts.</summary>
    public int Count => _paths.Count;

    /// <summary>The extension of the parts, with its point.</summary>
    public string Extension => _job.Extension;

    /// <summary>Finds the parts in folders, and checks that they are of one job, complete and unchanged.</summary>
    /// <exception cref="InvalidInputException">
    /// A folder has no manifest or that of another job, a part is missing or was changed.
    /// </exception>
    public static PartMerge Open(IReadOnlyList<string> folders)
    {
        PartManifest[] manifests = [.. folders.Select(ReadManifest)];
        EmbeddingJob job = manifests[0].Job;
        long? rows = null;
        SortedDictionary<long, (FinishedPart Part, string Folder)> found = [];
        foreach ((string folder, PartManifest manifest) in folders.Zip(manifests))
        {
            if (job.FindDifference(manifest.Job) is { } difference)
                throw OtherJob(folders[0], folder, difference);
            rows ??= manifest.Rows;
            foreach (FinishedPart part in manifest.Parts)
                if (!found.TryAdd(part.Chunk, (part, folder)) && found[part.Chunk].Part != part)
                    throw Differ(part, job, found[part.Chunk].Folder, folder);
        }
        RequireAll(folders, manifests[0] with { Rows = rows }, [.. found.Keys]);
        foreach ((FinishedPart part, string folder) in found.Values) CheckFile(part, Locate(part, folder));
        return new PartMerge(job, rows!.Value, found.Values.Select(entry => Locate(entry.Part, entry.Folder)));

        string Locate(FinishedPart part, string folder) =>
            Path.Combine(folder, PartManifest.FileName(part.Chunk, job.Extension));
    }

    /// <summary>Writes the file, and the scales of int8.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path)
    {
        IVectorWriter writer = VectorFormat.Find(_job.Extension)!.Writer;
        PartFiles parts = new(_paths, _rows, _job.Dimension, _job.OutputType);
        AtomicFile.Write(path, stream =>
        {
            if (parts.Paths.Count > 0) writer.Join(stream, parts);
            else writer.Write(stream, new VectorRows(_job.Dimension, [], _job.OutputType));
            CopyScales(path);
        });
    }

    void CopyScales(string path)
    {
        if (_job.OutputType != OutputType.Int8 || _paths.Count == 0) return;
        byte[] scales = File.ReadAllBytes(VectorFile.ScalesPath(_paths[0]));
        AtomicFile.Write(VectorFile.ScalesPath(path), stream => stream.Write(scales));
    }

    static PartManifest ReadManifest(string folder) => PartManifest.Read(folder)
        ?? throw new InvalidInputException($"{folder}: found no {PartManifest.Name}, expected a folder of parts");

    static void RequireAll(IReadOnlyList<string> folders, PartManifest manifest, HashSet<long> found)
    {
        string all = string.Join(", ", folders);
        if (manifest.Count is not { } count)
            throw new InvalidInputException($"{all}: the job has not read its inputs to their end: run it again");
        long missing = count - found.Count;
        if (missing == 0) return;
        IEnumerable<string> names =
            from chunk in Chunks(count)
            where !found.Contains(chunk)
            select PartManifest.FileName(chunk, manifest.Job.Extension);
        string named = string.Join(", ", names.Take(NamedParts)) + (missing > NamedParts ? ", …" : "");
        throw new InvalidInputException($"{all}: {missing} of {count} parts are missing: {named}");

        static IEnumerable<long> Chunks(long count)
        {
            for (long chunk = 0; chunk < count; chunk++) yield return chunk;
        }
    }

    static void CheckFile(FinishedPart part, string path)
    {
        InputFile.Require(path);
        string found = FileDigest.Compute(path);
        if (found == part.Hash) return;
        throw new InvalidInputException($"{path}: found SHA-256 {found}, expected {part.Hash} as in the manifest");
    }

    static InvalidInputException OtherJob(
        string first, string second, (string Name, string Mine, string Other) difference)
    {
        (string name, string mine, string other) = difference;
        return new($"{second}: found {name} {other}, expected {mine} as in {first}: shards of one job");
    }

    static InvalidInputException Differ(FinishedPart part, EmbeddingJob job, string first, string second)
    {
        string path = Path.Combine(second, PartManifest.FileName(part.Chunk, job.Extension));
        return new($"{path}: found other content than in {first}, expected one part or equal ones");
    }
}
