namespace EsimCse.Core.Files;

/// <summary>Checks a file of another program before it is read.</summary>
static class InputFile
{
    /// <summary>Pointer files are a few lines long: Git LFS specification, version 1.</summary>
    const int LongestPointer = 1024;

    /// <summary>The mark at the start of a UTF-8 text, which is no part of it.</summary>
    public static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    static ReadOnlySpan<byte> PointerStart => "version https://git-lfs.github.com/spec/"u8;

    /// <summary>Requires that a file is there, and that it is not the Git LFS pointer to a file.</summary>
    /// <exception cref="InvalidInputException">
    /// It is missing, a folder, a link to a file that is missing, or a pointer.
    /// </exception>
    public static void Require(string path)
    {
        FileInfo file = new(path);
        if (Directory.Exists(path)) throw new InvalidInputException($"{path}: found a folder, expected a file");
        if (file.LinkTarget is { } target && file.ResolveLinkTarget(returnFinalTarget: true) is not { Exists: true })
            throw new InvalidInputException($"{path}: a link to {target}, which does not exist");
        if (!file.Exists) throw new InvalidInputException($"{path}: no such file");
        if (IsPointer(path))
            throw new InvalidInputException(
                $"{path}: a Git LFS pointer, not the file itself: fetch the file with 'git lfs pull'");
    }

    /// <summary>Returns whether a path is there, if only as a link to a file that is missing.</summary>
    public static bool IsPresent(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    /// <summary>Returns whether a path names a file, through links too, which File.Exists does not follow.</summary>
    public static bool Exists(string path)
    {
        if (!File.Exists(path)) return false;
        try
        {
            return new FileInfo(path).LinkTarget is null
                || File.ResolveLinkTarget(path, returnFinalTarget: true) is { Exists: true };
        }
        catch (IOException)
        {
            // A cycle of links.
            return false;
        }
    }

    static bool IsPointer(string path)
    {
        // A pipe, whose length is 0, can be opened once only.
        if (new FileInfo(path).Length is 0 or > LongestPointer) return false;
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        Span<byte> start = stackalloc byte[PointerStart.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length
            && start.SequenceEqual(PointerStart);
    }
}
