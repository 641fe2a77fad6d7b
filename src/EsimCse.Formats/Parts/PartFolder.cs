using System.Globalization;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Formats.Parts;

/// <summary>
/// The folder in which a process writes its shard of a job, part by part. Processes with other shards of the same job
/// may write to it at the same time; a second one with the same shard is refused.
/// </summary>
sealed class PartFolder : IDisposable
{
    /// <summary>The limit for updates of the manifest by other processes; far above the time they take.</summary>
    static readonly TimeSpan LockLimit = TimeSpan.FromMinutes(1);

    static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(20);

    readonly string _path;
    readonly EmbeddingJob _job;
    readonly Shard _shard;
    readonly FileStream _lock;
    readonly HashSet<long> _finished = [];

    PartFolder(string path, EmbeddingJob job, Shard shard, FileStream held)
    {
        _path = path;
        _job = job;
        _shard = shard;
        _lock = held;
    }

    /// <summary>The parts of the shard that were there at the start.</summary>
    public int FinishedBefore { get; private set; }

    /// <summary>Whether all parts of the shard were there at the start, and the number of rows is known.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Opens a folder, which is created where it is missing, and continues the job that it holds.</summary>
    /// <param name="path">The folder; its parent must be there.</param>
    /// <param name="job">The job.</param>
    /// <param name="shard">The share of this process.</param>
    /// <param name="overwrite">Whether another job, and earlier parts of this shard, are removed.</param>
    /// <exception cref="InvalidInputException">The folder's manifest is not valid.</exception>
    /// <exception cref="IOException">Another process writes this shard, or the folder cannot be written.</exception>
    /// <exception cref="UsageException">The folder holds another job.</exception>
    public static PartFolder Open(string path, EmbeddingJob job, Shard shard, bool overwrite)
    {
        Directory.CreateDirectory(path);
        string lockPath = Path.Combine(path, $"shard-{shard.Index}-of-{shard.Count}{AtomicFile.TemporarySuffix}");
        FileStream held = ExclusiveFile.TryOpen(lockPath)
            ?? throw new IOException($"{path}: in use: another run is writing shard {shard} of this job");
        PartFolder folder = new(path, job, shard, held);
        try
        {
            folder.Start(overwrite);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Returns whether a chunk is of this shard and not finished.</summary>
    public bool IsMissing(long chunk) => _shard.Owns(chunk) && !_finished.Contains(chunk);

    /// <summary>Returns the scales of a finished part of int8; null where there is none.</summary>
    public float[]? FindScales()
    {
        foreach (FinishedPart part in PartManifest.Read(_path)?.Parts ?? [])
            if (IsPresent(part) && VectorFile.ReadScales(PartPath(part.Chunk), _job.Dimension) is { } scales)
                return scales;
        return null;
    }

    /// <summary>Writes a part and adds it to the manifest.</summary>
    /// <param name="chunk">Its place among all parts.</param>
    /// <param name="rows">Its vectors.</param>
    /// <exception cref="InvalidInputException">The rows cannot be read, or are not finite.</exception>
    /// <exception cref="IOException">The part cannot be written.</exception>
    public void Write(long chunk, VectorRows rows)
    {
        string path = PartPath(chunk);
        long count = VectorFile.Write(path, rows);
        FinishedPart part = new(chunk, count, new FileInfo(path).Length, FileDigest.Compute(path));
        Update(manifest => manifest.With(part));
        _finished.Add(chunk);
    }

    /// <summary>Adds the number of rows of all inputs to the manifest.</summary>
    public void Complete(long rows) => Update(manifest => manifest with { Rows = rows });

    /// <summary>Ends the work on the shard, and removes its lock.</summary>
    public void Dispose()
    {
        File.Delete(_lock.Name);
        _lock.Dispose();
    }

    void Start(bool overwrite)
    {
        PartManifest started = Update(manifest =>
        {
            if (_job.FindDifference(manifest.Job) is { } difference)
            {
                if (!overwrite) throw OtherJob(difference);
                foreach (FinishedPart part in manifest.Parts) Delete(part, manifest.Job.Extension);
                return new PartManifest(_job, Rows: null, []);
            }
            DeleteLeftovers();
            FinishedPart[] unfit = [.. manifest.Parts.Where(part => IsUnfit(part, overwrite))];
            foreach (FinishedPart part in unfit) Delete(part, _job.Extension);
            return manifest with { Parts = [.. manifest.Parts.Except(unfit)] };
        });
        _finished.UnionWith(started.Parts.Select(part => part.Chunk).Where(_shard.Owns));
        FinishedBefore = _finished.Count;
        IsComplete = started.Count is { } count && FinishedBefore == CountOwned(count);
    }

    long CountOwned(long count) => (count - _shard.Index + _shard.Count - 1) / _shard.Count;

    /// <summary>Returns whether a part of this shard has to be written again.</summary>
    bool IsUnfit(FinishedPart part, bool overwrite) => _shard.Owns(part.Chunk) && (overwrite || !IsPresent(part));

    bool IsPresent(FinishedPart part)
    {
        FileInfo file = new(PartPath(part.Chunk));
        bool hasScales = _job.OutputType != OutputType.Int8 || File.Exists(VectorFile.ScalesPath(file.FullName));
        return file.Exists && file.Length == part.Bytes && hasScales;
    }

    /// <summary>Deletes temporary files of this shard's parts, which a killed process left.</summary>
    void DeleteLeftovers()
    {
        foreach (string path in Directory.GetFiles(_path, "part-*" + AtomicFile.TemporarySuffix))
        {
            string number = Path.GetFileName(path)["part-".Length..].Split('.')[0];
            if (long.TryParse(number, CultureInfo.InvariantCulture, out long chunk) && _shard.Owns(chunk))
                AtomicFile.DeleteLeftover(path);
        }
    }

    void Delete(FinishedPart part, string extension)
    {
        string path = Path.Combine(_path, PartManifest.FileName(part.Chunk, extension));
        File.Delete(path);
        File.Delete(VectorFile.ScalesPath(path));
    }

    string PartPath(long chunk) => Path.Combine(_path, PartManifest.FileName(chunk, _job.Extension));

    /// <summary>Changes the manifest, which other processes may do at the same time, and returns it.</summary>
    PartManifest Update(Func<PartManifest, PartManifest> change)
    {
        string path = Path.Combine(_path, PartManifest.Name + ".lock" + AtomicFile.TemporarySuffix);
        using FileStream held = WaitForLock(path);
        try
        {
            PartManifest before = PartManifest.Read(_path) ?? new PartManifest(_job, Rows: null, []);
            PartManifest after = change(before);
            after.Write(_path);
            return after;
        }
        finally
        {
            File.Delete(path);
        }
    }

    FileStream WaitForLock(string path)
    {
        long limit = Environment.TickCount64 + (long)LockLimit.TotalMilliseconds;
        while (Environment.TickCount64 < limit)
        {
            if (ExclusiveFile.TryOpen(path) is { } held) return held;
            Thread.Sleep(LockInterval);
        }
        throw new IOException($"{Path.Combine(_path, PartManifest.Name)}: in use by another run for {LockLimit}");
    }

    UsageException OtherJob((string Name, string Mine, string Other) difference)
    {
        (string name, string mine, string other) = difference;
        string manifest = Path.Combine(_path, PartManifest.Name);
        const string expected = "expected the same job, another folder, or --overwrite";
        return new($"{manifest}: found {name} {other}, this run has {mine}: {expected}");
    }
}
