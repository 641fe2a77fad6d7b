using EsimCse.Core.Files;

namespace EsimCse.Core.Training;

/// <summary>
/// The right of one process to write a run's folder: a file in it that is locked until the run ends. The lock of a
/// killed process does not last.
/// </summary>
sealed class RunLock(string folder) : IDisposable
{
    readonly string _path = Path.Combine(folder, ".esimcse-lock");

    FileStream? _file;

    /// <summary>Locks the folder where there is one.</summary>
    /// <exception cref="IOException">Another run has locked it.</exception>
    public void TakeIfFolderExists()
    {
        if (Directory.Exists(folder)) Take();
    }

    /// <summary>Creates the folder where it is missing, and locks it.</summary>
    /// <exception cref="IOException">Another run has locked it, or it cannot be written.</exception>
    public void Take()
    {
        if (_file is not null) return;
        Directory.CreateDirectory(folder);
        _file = ExclusiveFile.TryOpen(_path) ?? throw new IOException($"{folder}: in use: another run is writing it");
    }

    public void Dispose()
    {
        if (_file is null) return;
        try
        {
            // While it is still held: the file of a run that begins after this one must stay.
            File.Delete(_path);
        }
        catch (IOException)
        {
            // The folder has vanished, or is read-only by now; a file without a lock is harmless.
        }
        catch (UnauthorizedAccessException)
        {
        }
        _file.Dispose();
        _file = null;
    }
}
