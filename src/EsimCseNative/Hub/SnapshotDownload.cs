using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using Microsoft.Extensions.Logging;

namespace EsimCseNative.Hub;

/// <summary>Brings a revision of a repository into the cache.</summary>
/// <param name="settings">The settings of the hub.</param>
/// <param name="id">The repository.</param>
/// <param name="revision">A branch, a tag or a commit.</param>
sealed class SnapshotDownload(HubSettings settings, HubId id, string revision)
{
    readonly CachedRepository _repository = new(settings, id);

    /// <summary>Whether the weights are needed, not only the settings and the tokenizer.</summary>
    public bool WithWeights { get; init; } = true;

    /// <summary>Receives remarks; null for none.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Called with each part of a file that arrived; null for none.</summary>
    public Action<DownloadProgress>? Progress { get; init; }

    /// <summary>Whether the hub is asked only once for the list of files.</summary>
    public bool IsListedAtOnce { get; init; }

    Retry Retry => new(settings.FirstDelay, Logger);

    /// <summary>Downloads the files that are read and not in the cache, and returns the snapshot's folder.</summary>
    /// <exception cref="InvalidInputException">
    /// There is no such repository, no access, no weights in safetensors, or a setting is not supported; offline, a
    /// file is not in the cache.
    /// </exception>
    /// <exception cref="IOException">The hub cannot be reached, sends wrong bytes, or the disk is full.</exception>
    public async Task<string> RunAsync(CancellationToken stop)
    {
        try
        {
            return await FindOrFetchAsync(stop);
        }
        catch (HubUnreachableException error)
        {
            throw new IOException($"{id}: {error.Message}", error);
        }
    }

    async Task<string> FindOrFetchAsync(CancellationToken stop)
    {
        string? cached = FindCached();
        if (settings.IsOffline) return cached ?? throw NotCached();
        if (cached is not null && ContentHash.IsCommit(revision) && KnowsModules(revision)) return cached;
        using HubClient client = new(settings, id, revision);
        HubListing listing;
        try
        {
            int attempts = cached is null && !IsListedAtOnce ? Retry.Attempts : 1;
            listing = await Retry.RunAsync(() => client.ListAsync(revision, stop), stop, attempts);
        }
        catch (HubUnreachableException error) when (cached is not null)
        {
            if (Logger is not null) HubLog.UsingCache(Logger, error.Message, cached);
            return cached;
        }
        string snapshot = await FetchAsync(new(_repository, client, Retry, Progress, Logger), listing, stop);
        _repository.SetCommit(revision, listing.Commit);
        return snapshot;
    }

    /// <summary>Downloads the files of a commit: first the settings, so that an unsupported model ends early.</summary>
    async Task<string> FetchAsync(BlobDownload download, HubListing listing, CancellationToken stop)
    {
        string snapshot = _repository.Snapshot(listing.Commit);
        await FetchAllAsync(ModelFiles.InRoot(listing.Files));
        if (!listing.Files.Contains(ModelFiles.Modules)) _repository.MarkAbsent(listing.Commit, ModelFiles.Modules);
        string? weights = WithWeights ? ModelFiles.FindWeights(id, snapshot, listing.Files) : null;
        await FetchAllAsync(ModelFiles.InModules(snapshot, listing.Files, WithWeights));
        Directory.CreateDirectory(snapshot);
        if (weights is null) return snapshot;
        ModelFolder.Read(snapshot);
        await FetchAllAsync([weights]);
        await FetchAllAsync(ModelFiles.Shards(snapshot, weights));
        return snapshot;

        async Task FetchAllAsync(IEnumerable<string> files)
        {
            foreach (string file in files) await download.FetchAsync(listing.Commit, file, stop);
        }
    }

    /// <summary>Returns the folder of the cached snapshot; null where it is missing or not complete.</summary>
    string? FindCached()
    {
        if (_repository.FindCommit(revision) is not { } commit) return null;
        string snapshot = _repository.Snapshot(commit);
        try
        {
            if (ModelFiles.FindMissing(snapshot, WithWeights) is not null) return null;
        }
        catch (InvalidInputException) when (!settings.IsOffline)
        {
            // Another commit may be valid.
            return null;
        }
        if (settings.IsOffline && !KnowsModules(commit) && Logger is not null)
            HubLog.ModulesUnknown(Logger, snapshot);
        return snapshot;
    }

    /// <summary>
    /// Returns whether modules.json is in a snapshot or known to be absent. Programs that do not read it leave that
    /// open, and without it the pooling is another.
    /// </summary>
    bool KnowsModules(string commit) =>
        InputFile.Exists(_repository.InSnapshot(commit, ModelFiles.Modules))
        || _repository.IsKnownAbsent(commit, ModelFiles.Modules);

    InvalidInputException NotCached()
    {
        string? commit = _repository.FindCommit(revision);
        string missing = commit is null ? "it" : ModelFiles.FindMissing(_repository.Snapshot(commit), WithWeights)!;
        string place = commit is null ? _repository.Folder : _repository.Snapshot(commit);
        return new($"{id} at {revision}: offline, and {missing} is not in the cache {place}");
    }
}
