namespace EsimCse.Core.Files;

/// <summary>
/// A file that is complete or absent: it is written under a temporary name in the target's folder, then renamed.
/// </summary>
static class AtomicFile
{
    /// <summary>Suffix of the temporary names, which identifies the leftovers of a killed process.</summary>
    public const string TemporarySuffix = ".esimcse-tmp";

    /// <summary>
    /// Writes a file through <paramref name="write"/>. A failure removes the temporary file and leaves the target as
    /// it was.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written or renamed.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string temporary = path + TemporarySuffix;
        try
        {
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
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
}
