namespace EsimCse.Core.Files;

/// <summary>A file that is either there whole or not there: written under a temporary name beside the target, then renamed.</summary>
public static class AtomicFile
{
    /// <summary>The ending of the temporary names, by which left-overs of a killed process are known.</summary>
    public const string TemporarySuffix = ".esimcse-tmp";

    /// <summary>Writes <paramref name="path"/> through <paramref name="write"/>; a failure leaves neither the file nor its temporary.</summary>
    /// <exception cref="IOException">The file cannot be written or renamed, a full disk included.</exception>
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
            // How .NET reports a file that passes the size that the file system or the process's limit allows.
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
