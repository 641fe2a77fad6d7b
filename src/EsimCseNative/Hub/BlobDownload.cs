using System.Net;
using EsimCse.Core.Files;
using Microsoft.Extensions.Logging;

namespace EsimCseNative.Hub;

/// <summary>
/// Downloads files of one repository into its cache. A blob has its final name once its hash is checked; until then it
/// is HASH.incomplete, which a later run continues.
/// </summary>
/// <param name="repository">The cache.</param>
/// <param name="client">The requests.</param>
/// <param name="retry">Repeats requests.</param>
/// <param name="progress">Called with each part that arrived; null for none.</param>
/// <param name="logger">Receives the names of the files; null for none.</param>
sealed class BlobDownload(
    CachedRepository repository,
    HubClient client,
    Retry retry,
    Action<DownloadProgress>? progress,
    ILogger? logger)
{
    static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Downloads a file of a commit, unless its blob is there, and puts it into the snapshot.</summary>
    /// <exception cref="IOException">
    /// A server cannot be reached, sends other bytes than it states, or the disk is full.
    /// </exception>
    public async Task FetchAsync(string commit, string file, CancellationToken stop)
    {
        if (InputFile.Exists(repository.InSnapshot(commit, file))) return;
        HubFile found = await retry.RunAsync(() => client.FindAsync(commit, file, stop), stop);
        await using FileStream held = await LockAsync(found.Hash, file, stop);
        if (!InputFile.Exists(repository.Blob(found.Hash))) await DownloadAsync(commit, file, found, stop);
        repository.AddToSnapshot(commit, file, found.Hash);
    }

    /// <summary>Waits until no other process downloads the blob.</summary>
    async Task<FileStream> LockAsync(string hash, string file, CancellationToken stop)
    {
        string path = repository.LockFile(hash);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (bool isFirst = true; ; isFirst = false)
        {
            if (ExclusiveFile.TryOpen(path) is { } held) return held;
            if (isFirst && logger is not null) HubLog.Waiting(logger, repository.Id.Text, file);
            await Task.Delay(LockPoll, stop);
        }
    }

    async Task DownloadAsync(string commit, string file, HubFile found, CancellationToken stop)
    {
        string blob = repository.Blob(found.Hash);
        string partial = blob + ".incomplete";
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        // Writing through a link would change another file.
        if (new FileInfo(partial).LinkTarget is not null) File.Delete(partial);
        if (logger is not null) HubLog.Downloading(logger, repository.Id.Text, file);
        // A part from an earlier run may be damaged: the second time all bytes are new.
        for (bool isFirst = true; ; isFirst = false)
        {
            await retry.RunAsync(
                () => AppendAsync(partial, commit, file, found, stop),
                stop,
                progress: () => new FileInfo(partial) is { Exists: true } part ? part.Length : 0);
            string hash = await ContentHash.ComputeAsync(partial, found.Hash, stop);
            if (hash == found.Hash) break;
            File.Delete(partial);
            if (!isFirst) throw WrongBytes(file, hash, found.Hash);
        }
        File.Move(partial, blob, overwrite: true);
    }

    /// <summary>Continues a partial file to its end, and returns its length.</summary>
    async Task<long> AppendAsync(string path, string commit, string file, HubFile found, CancellationToken stop)
    {
        await using FileStream part = new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        if (part.Length > found.Size) part.SetLength(0);
        part.Seek(0, SeekOrigin.End);
        if (part.Position == found.Size) return part.Length;
        using HubResponse answer = await client.OpenAsync(commit, file, part.Position, stop);
        if (answer.Message.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable || answer.Start > part.Position)
        {
            part.SetLength(0);
            throw new HubUnreachableException($"{answer.Host}: another range of {file} than asked for");
        }
        part.SetLength(answer.Start);
        part.Seek(0, SeekOrigin.End);
        await CopyAsync(answer, part, file, found.Size, stop);
        part.Flush(flushToDisk: true);
        return part.Length;
    }

    async Task CopyAsync(HubResponse answer, FileStream part, string file, long? size, CancellationToken stop)
    {
        byte[] buffer = new byte[1 << 18];
        for (int count; (count = await answer.ReadAsync(buffer, stop)) > 0;)
        {
            if (part.Position + count > size) throw TooManyBytes(answer.Host, file, size.Value);
            await WriteAsync(part, buffer.AsMemory(0, count), stop);
            progress?.Invoke(new(file, part.Position, size));
        }
        if (part.Length < size)
            throw new HubUnreachableException($"{answer.Host}: {file}: {part.Length} of {size} bytes arrived");
    }

    static async Task WriteAsync(FileStream part, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        try
        {
            await part.WriteAsync(bytes, stop);
        }
        catch (ArgumentOutOfRangeException error)
        {
            // .NET reports a file beyond the size limit of the file system or the process this way.
            throw new IOException($"{part.Name}: {error.Message}", error);
        }
    }

    IOException TooManyBytes(string host, string file, long size) =>
        new($"{repository.Id}: {file}: found more bytes at {host} than the {size} that are expected");

    IOException WrongBytes(string file, string found, string expected)
    {
        string kind = ContentHash.NameOf(expected);
        return new($"{repository.Id}: {file}: {kind} of the bytes: found {found}, expected {expected}");
    }
}
