namespace EsimCse.Core.Files;

/// <summary>
/// A file that is complete or absent: it is written under a temporary name in the target's folder, then renamed.
/// </summary>
static class AtomicFile
{
    /// <summary>Suffix of the temporary names, which identifies the leftovers of a killed process.</summary>
    public const string TemporarySuffix = ".esimcse-tmp";

    const int BufferSize = 1 << 16;

    /// <summary>
    /// Writes a file through <paramref name="write"/>. A failure removes the temporary file and leaves the target as
    /// it was. The leftover of a killed process is overwritten.
    /// </summary>
    /// <exception cref="IOException">
    /// The file cannot be written or renamed, or another process writes it.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string temporary = path + TemporarySuffix;
        using FileStream file = ExclusiveFile.TryOpen(temporary) ?? throw InUse(path);
        try
        {
            file.SetLength(0);
            BufferedStream stream = new(file, BufferSize);
            write(stream);
            stream.Flush();
            file.Flush(flushToDisk: true);
            // While it is still held: another process could take over a temporary file that is not.
            File.Move(temporary, path, overwrite: true);
        }
        catch (ArgumentOutOfRangeException error)
        {
            // .NET reports a file beyond the size limit of the file system or the process this way.
            File.Delete(temporary);
            throw new IOException($"{path}: {error.Message}", error);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Deletes the temporary files in a folder that no process writes.</summary>
    public static void DeleteLeftovers(string folder)
    {
        foreach (string path in Directory.GetFiles(folder, "*" + TemporarySuffix)) DeleteLeftover(path);
    }

    /// <summary>Deletes a temporary file unless a process writes it.</summary>
    public static void DeleteLeftover(string path)
    {
        using FileStream? file = ExclusiveFile.TryOpen(path);
        if (file is not null) File.Delete(path);
    }

    static IOException InUse(string path) => new($"{path}: in use: another run is writing this file");
}
