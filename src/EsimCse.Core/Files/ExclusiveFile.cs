namespace EsimCse.Core.Files;

/// <summary>A file that one process at a time has open for writing. The end of the process releases it.</summary>
static class ExclusiveFile
{
    /// <summary>Attempts to lock a file that its holder has renamed or deleted meanwhile.</summary>
    const int MaxAttempts = 100;

    const int LinuxWouldBlock = 11, MacWouldBlock = 35, WindowsSharingViolation = unchecked((int)0x80070020);

    // Windows deletes and renames an open file only if it was opened so; on Unix only None locks.
    static FileShare Share => OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;

    /// <summary>
    /// Opens a file, which is created where it is missing. Its content stays. Null while another process holds it.
    /// </summary>
    /// <exception cref="IOException">The file cannot be created.</exception>
    public static FileStream? TryOpen(string path)
    {
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            FileStream file;
            try
            {
                // Without a buffer, so that closing the file cannot fail.
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, Share, bufferSize: 0);
            }
            catch (IOException error) when (IsHeld(error))
            {
                return null;
            }
            // The holder before may have renamed or deleted the file after it was opened here.
            if (FileIdentity.FromFile(file) == FileIdentity.FromPath(path)) return file;
            file.Dispose();
        }
        return null;
    }

    static bool IsHeld(IOException error) =>
        error.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation;
}
