using System.IO.Enumeration;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>
/// Expansion of inputs into files. A folder means the files in it, at any depth, whose extension
/// is one that is read; a glob means the files that match it. Hidden files, and those that are being
/// written, are left out.
/// </summary>
static class InputFiles
{
    static readonly char[] Separators = [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar];

    /// <summary>
    /// Returns the files of each input in the order of the inputs; those of a folder or a glob in ordinal order of
    /// their paths. Other names, and those of files, stay as they are.
    /// </summary>
    /// <param name="inputs">Names of files, folders and globs. A name that exists is no glob.</param>
    /// <param name="reader">The reader of the files.</param>
    /// <exception cref="InvalidInputException">
    /// A folder has no file that is read, a glob matches no file, a folder cannot be read, or a name is empty.
    /// </exception>
    public static string[] Expand(IEnumerable<string> inputs, SentenceReader reader) =>
        [.. inputs.SelectMany(input => Expand(input, reader))];

    static string[] Expand(string input, SentenceReader reader)
    {
        if (input.Length == 0)
            throw new InvalidInputException("found an empty name, expected a file, a folder or a glob");
        bool isFolder = Directory.Exists(input);
        if (!isFolder && (!Glob.IsGlob(input) || InputFile.IsPresent(input))) return [input];
        try
        {
            string[] files = isFolder ? [.. FilesIn(input).Where(reader.IsRead)] : [.. Match(input)];
            if (files.Length == 0) throw Nothing(input, isFolder ? reader.Extensions : null);
            Array.Sort(files, StringComparer.Ordinal);
            return files;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{input}: cannot be read: {error.Message}", error);
        }
    }

    static IEnumerable<string> Match(string glob)
    {
        string root = Path.GetPathRoot(glob) ?? "";
        string[] segments = glob[root.Length..].Split(Separators, StringSplitOptions.RemoveEmptyEntries);
        return Match(root, segments).Distinct(StringComparer.Ordinal);
    }

    /// <summary>Returns the files below a folder, "" for the current one, that match the segments of a glob.</summary>
    static IEnumerable<string> Match(string folder, ArraySegment<string> segments)
    {
        string segment = segments[0];
        ArraySegment<string> rest = segments[1..];
        bool isLast = rest.Count == 0;
        if (segment == "**")
        {
            if (isLast) return FilesIn(folder);
            return FoldersIn(folder, isRecursive: true).Prepend(folder).SelectMany(below => Match(below, rest));
        }
        string literal = Path.Combine(folder, segment);
        if (isLast) return File.Exists(literal) ? [literal] : FilesIn(folder, Glob.Compile(segment));
        if (Directory.Exists(literal)) return Match(literal, rest);
        return FoldersIn(folder, isRecursive: false, Glob.Compile(segment)).SelectMany(below => Match(below, rest));
    }

    /// <summary>Returns the files of a folder, at any depth without a pattern.</summary>
    static FileSystemEnumerable<string> FilesIn(string folder, Glob? pattern = null) =>
        Enumerate(folder, isRecursive: pattern is null, pattern, wantsFolders: false);

    static FileSystemEnumerable<string> FoldersIn(string folder, bool isRecursive, Glob? pattern = null) =>
        Enumerate(folder, isRecursive, pattern, wantsFolders: true);

    static FileSystemEnumerable<string> Enumerate(string folder, bool isRecursive, Glob? pattern, bool wantsFolders)
    {
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = isRecursive,
            IgnoreInaccessible = false,
            AttributesToSkip = 0,
        };
        return new(folder.Length == 0 ? "." : folder, PathOf, options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                entry.IsDirectory == wantsFolders && IsMeant(entry.FileName, pattern),
            // A linked folder may be one that contains it.
            ShouldRecursePredicate = (ref FileSystemEntry entry) =>
                IsMeant(entry.FileName, pattern: null) && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };

        string PathOf(ref FileSystemEntry entry)
        {
            string path = entry.ToSpecifiedFullPath();
            return folder.Length == 0 ? Path.GetRelativePath(".", path) : path;
        }
    }

    /// <summary>Returns whether a name matches a pattern, if any, and is not hidden unless the pattern is.</summary>
    static bool IsMeant(ReadOnlySpan<char> name, Glob? pattern)
    {
        if (name.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal)) return false;
        bool isHidden = name.StartsWith('.');
        return pattern is null ? !isHidden : isHidden == pattern.IsHidden && pattern.Matches(name);
    }

    static InvalidInputException Nothing(string input, IEnumerable<string>? extensions) =>
        extensions is null
            ? new($"{input}: found no file that matches, expected one at least")
            : new($"{input}: found no file that is read, expected {string.Join(", ", extensions)}");
}
