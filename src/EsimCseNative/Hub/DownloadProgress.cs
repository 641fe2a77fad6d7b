namespace EsimCseNative.Hub;

/// <summary>The progress of the download of a file.</summary>
/// <param name="File">The file's path in the repository.</param>
/// <param name="Bytes">The bytes that are on the disk, those of earlier runs included.</param>
/// <param name="Size">The file's size in bytes; null where the server does not state it.</param>
public sealed record DownloadProgress(string File, long Bytes, long? Size);
