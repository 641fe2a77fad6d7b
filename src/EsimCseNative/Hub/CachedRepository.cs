using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCseNative.Hub;

/// <summary>
/// A repository in the cache, in huggingface_hub's layout: blobs named by their hashes, snapshots of commits whose
/// files are relative links to blobs, and refs, which hold the commits of branches and tags.
/// </summary>
sealed class CachedRepository
{
    readonly HubSettings _settings;

    public CachedRepository(HubSettings settings, HubId id)
    {
        _settings = settings;
        Id = id;
        Folder = Path.Combine(settings.CacheFolder, id.FolderName);
    }

    /// <summary>The repository's id.</summary>
    public HubId Id { get; }

    /// <summary>The repository's folder.</summary>
    public string Folder { get; }

    /// <summary>Returns the path of a commit's folder.</summary>
    public string Snapshot(string commit) => Path.Combine(Folder, "snapshots", commit);

    /// <summary>Returns the path of a file of a commit.</summary>
    public string InSnapshot(string commit, string file) => Path.Combine([Snapshot(commit), .. file.Split('/')]);

    /// <summary>Returns the path of the bytes of a hash.</summary>
    public string Blob(string hash) => Path.Combine(Folder, "blobs", hash);

    /// <summary>Returns the path of a blob's lock, which huggingface_hub takes too.</summary>
    public string LockFile(string hash) => Path.Combine(_settings.CacheFolder, ".locks", Id.FolderName, hash + ".lock");

    /// <summary>Returns the commit of a branch, a tag or a commit's own hash; null where the cache has none.</summary>
    public string? FindCommit(string revision)
    {
        if (ContentHash.IsCommit(revision)) return revision;
        string file = RefFile(revision);
        string? commit = File.Exists(file) ? File.ReadAllText(file).Trim() : null;
        return commit is not null && ContentHash.IsCommit(commit) ? commit : null;
    }

    /// <summary>Stores the commit of a branch or a tag.</summary>
    public void SetCommit(string revision, string commit)
    {
        if (FindCommit(revision) == commit) return;
        string file = RefFile(revision);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        // Under a name of its own: another process may store the same.
        string temporary = $"{file}.{Guid.NewGuid():N}.tmp";
        File.WriteAllText(temporary, commit);
        File.Move(temporary, file, overwrite: true);
    }

    /// <summary>Whether a commit is known to lack a file.</summary>
    public bool IsKnownAbsent(string commit, string file) => File.Exists(AbsenceMark(commit, file));

    /// <summary>Marks, as huggingface_hub does, that a commit lacks a file.</summary>
    public void MarkAbsent(string commit, string file)
    {
        string mark = AbsenceMark(commit, file);
        if (File.Exists(mark)) return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(mark)!);
            // Another process may create it at the same time.
            new FileStream(mark, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
        }
        catch (UnauthorizedAccessException)
        {
            // A cache that may only be read: without the mark the hub is asked again.
        }
    }

    /// <summary>
    /// Puts a blob into a snapshot, as a relative link or, where links cannot be made, as a copy. The caller holds the
    /// blob's lock.
    /// </summary>
    /// <exception cref="InvalidInputException">A folder of the snapshot is a link.</exception>
    public void AddToSnapshot(string commit, string file, string hash)
    {
        string path = InSnapshot(commit, file);
        string folder = Path.GetDirectoryName(path)!;
        CreateFolder(Snapshot(commit), folder);
        if (InputFile.Exists(path)) return;
        // A link to a blob that was deleted.
        File.Delete(path);
        string blob = Blob(hash);
        if (_settings.UsesLinks && TryLink(path, Path.GetRelativePath(folder, blob))) return;
        string temporary = path + AtomicFile.TemporarySuffix;
        File.Copy(blob, temporary, overwrite: true);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Creates a folder of a snapshot. A link there would lead out of the cache.</summary>
    static void CreateFolder(string snapshot, string folder)
    {
        for (string part = folder; part.Length > snapshot.Length; part = Path.GetDirectoryName(part)!)
            if (new DirectoryInfo(part).LinkTarget is { } target)
                throw new InvalidInputException($"{part}: found a link to {target}, expected a folder");
        Directory.CreateDirectory(folder);
    }

    static bool TryLink(string path, string target)
    {
        try
        {
            File.CreateSymbolicLink(path, target);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    string RefFile(string revision) => Path.Combine([Folder, "refs", .. revision.Split('/')]);

    string AbsenceMark(string commit, string file) => Path.Combine([Folder, ".no_exist", commit, .. file.Split('/')]);
}
