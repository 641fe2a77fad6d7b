using System.Runtime.InteropServices;

namespace EsimCse.Core.Files;

/// <summary>
/// The device and the inode of a regular file or a folder on Linux: two paths with one identity name the same file,
/// through links too.
/// </summary>
readonly partial record struct FileIdentity(ulong Device, ulong Inode)
{
    const int CurrentFolder = -100, EmptyPath = 0x1000;
    const uint TypeAndInode = 0x101;
    const int StatBytes = 256, ModeOffset = 28, InodeOffset = 32, DeviceOffset = 136;
    const int TypeMask = 0xF000, Folder = 0x4000, RegularFile = 0x8000;

    /// <summary>Returns the identity of a path's file; null where it is missing or cannot be told.</summary>
    public static FileIdentity? FromPath(string path) => Find(CurrentFolder, path, flags: 0);

    /// <summary>Returns the identity of an open file; null where it cannot be told.</summary>
    public static FileIdentity? FromFile(FileStream file) =>
        Find((int)file.SafeFileHandle.DangerousGetHandle(), "", EmptyPath);

    /// <summary>Returns whether two paths name the same file or folder.</summary>
    public static bool AreSame(string first, string second)
    {
        if (FromPath(first) is { } one && FromPath(second) is { } other) return one == other;
        return Resolve(first) == Resolve(second);
    }

    /// <summary>Returns whether a path is another one's or inside of that folder.</summary>
    public static bool Contains(string folder, string path)
    {
        for (string? part = Resolve(path); part is not null; part = Path.GetDirectoryName(part))
            if (AreSame(folder, part)) return true;
        return false;
    }

    static string Resolve(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        try
        {
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (IOException)
        {
            // A missing file or a cycle of links.
            return full;
        }
    }

    static FileIdentity? Find(int folder, string path, int flags)
    {
        if (!OperatingSystem.IsLinux()) return null;
        byte[] stat = new byte[StatBytes];
        try
        {
            if (ReadStat(folder, path, flags, TypeAndInode, stat) != 0) return null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
        int type = BitConverter.ToUInt16(stat, ModeOffset) & TypeMask;
        if (type is not (RegularFile or Folder)) return null;
        return new(BitConverter.ToUInt64(stat, DeviceOffset), BitConverter.ToUInt64(stat, InodeOffset));
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ReadStat(int folder, string path, int flags, uint mask, byte[] stat);
}
