using EsimCse.Core;
using Microsoft.Extensions.Logging;

namespace EsimCseNative.Hub;

/// <summary>
/// Models of the Hugging Face hub, in the cache that Python's huggingface_hub uses too. The variables HF_HOME,
/// HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE have their usual meaning.
/// </summary>
public static class HubModel
{
    const string MainBranch = "main";

    /// <summary>
    /// Downloads the files of a model that are read and not yet in the cache, and returns the path of its folder, for
    /// <see cref="SentenceEncoder.Load(string, EncoderOptions?)"/>.
    /// </summary>
    /// <param name="id">The repository: name or organization/name.</param>
    /// <param name="revision">A branch, a tag or a commit; by default the branch main.</param>
    /// <param name="progress">Called with each part that arrived.</param>
    /// <param name="logger">Receives the files' names, failures that are tried again, and waits.</param>
    /// <param name="cancellation">Ends the download; the next one continues it.</param>
    /// <exception cref="UsageException">The id, the revision or a variable is malformed.</exception>
    /// <exception cref="InvalidInputException">
    /// There is no such repository or revision, no access to it, or the model is not supported; offline, a file is not
    /// in the cache.
    /// </exception>
    /// <exception cref="IOException">The hub cannot be reached, sends wrong bytes, or the disk is full.</exception>
    public static string Download(
        string id,
        string? revision = null,
        Action<DownloadProgress>? progress = null,
        ILogger? logger = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (!HubId.TryParse(id, out HubId? parsed))
            throw new UsageException($"hub id: found '{id}', expected name or organization/name");
        revision ??= MainBranch;
        if (!HubListing.IsInside(revision) || revision.Any(char.IsControl))
            throw new UsageException($"revision: found '{revision}', expected a branch, a tag or a commit");
        SnapshotDownload download = new(HubSettings.FromEnvironment(), parsed, revision)
        {
            Progress = progress,
            Logger = logger,
        };
        return Run(download, cancellation);
    }

    /// <summary>
    /// Returns the folder of a model: the path itself where there is a file or a folder of that name, or a folder of
    /// its first part's, or where it is no id; otherwise that of the main branch's snapshot.
    /// </summary>
    /// <param name="model">A path or an id.</param>
    /// <param name="withWeights">Whether the weights are needed, not only the settings and the tokenizer.</param>
    /// <param name="progress">Called with each part that arrived.</param>
    /// <param name="logger">Receives remarks.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <inheritdoc cref="Download" path="/exception"/>
    internal static string Resolve(
        string model,
        bool withWeights = true,
        Action<DownloadProgress>? progress = null,
        ILogger? logger = null,
        CancellationToken cancellation = default)
    {
        if (Path.Exists(model) || !HubId.TryParse(model, out HubId? id) || IsInFolder(id)) return model;
        SnapshotDownload download = new(HubSettings.FromEnvironment(), id, MainBranch)
        {
            WithWeights = withWeights,
            // A name alone is a misspelt folder more often than a model.
            IsListedAtOnce = id.Organization is null,
            Progress = progress,
            Logger = logger,
        };
        try
        {
            return Run(download, cancellation);
        }
        catch (IOException error) when (error.InnerException is HubUnreachableException)
        {
            if (id.Organization is not null)
                throw new IOException($"{error.Message}; there is no folder {model} either", error);
            throw new InvalidInputException($"{model}: no such folder; {error.Message}", error);
        }
    }

    /// <summary>Returns whether an id is a path into a folder that is there.</summary>
    static bool IsInFolder(HubId id) => id.Organization is { } folder && Directory.Exists(folder);

    // On a thread of the pool, so that a caller's synchronization context cannot block the continuations.
    static string Run(SnapshotDownload download, CancellationToken cancellation) =>
        Task.Run(() => download.RunAsync(cancellation), cancellation).GetAwaiter().GetResult();
}
