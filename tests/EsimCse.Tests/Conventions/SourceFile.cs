using EsimCse.Tests.Support;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EsimCse.Tests.Conventions;

/// <summary>A source file of the repository.</summary>
/// <param name="Path">The path from the repository's root, with forward slashes.</param>
/// <param name="Lines">The lines without their ends.</param>
sealed record SourceFile(string Path, string[] Lines)
{
    static readonly string[] Folders = ["src", "tests", "kernels", "bench", ".ci"];
    static readonly string[] Extensions = [".cs", ".cu", ".cuh", ".cpp", ".h", ".py", ".sh"];
    static readonly string[] Built = ["bin", "obj", "artifacts", "node_modules"];

    /// <summary>Every file of code: C#, CUDA, C++, Python and shell.</summary>
    public static IReadOnlyList<SourceFile> All { get; } = [.. Read(Folders, Extensions)];

    /// <summary>The C# files.</summary>
    public static IEnumerable<SourceFile> CSharp => All.Where(file => file.Extension == ".cs");

    /// <summary>The documentation: every README.</summary>
    public static IReadOnlyList<SourceFile> Documentation { get; } =
        [ReadFile(Repository.File("README.md")), .. Read(["src", "tests", "kernels", "bench"], ["README.md"])];

    public string Extension => System.IO.Path.GetExtension(Path);

    public string Folder => Path[..Path.LastIndexOf('/')];

    /// <summary>Returns whether the file is below a folder of the repository's root.</summary>
    public bool IsIn(string folder) => Path.StartsWith(folder + "/", StringComparison.Ordinal);

    /// <summary>Parses a C# file.</summary>
    public CompilationUnitSyntax Parse() =>
        CSharpSyntaxTree.ParseText(string.Join('\n', Lines), path: Path).GetCompilationUnitRoot();

    static IEnumerable<SourceFile> Read(string[] folders, string[] endings) =>
        from folder in folders
        let root = Repository.File(folder)
        from file in Directory.GetFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        where endings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)) && !IsBuilt(file)
        select ReadFile(file);

    static SourceFile ReadFile(string file)
    {
        string path = System.IO.Path.GetRelativePath(Repository.File(), file).Replace('\\', '/');
        return new SourceFile(path, File.ReadAllLines(file));
    }

    static bool IsBuilt(string file) =>
        System.IO.Path.GetRelativePath(Repository.File(), file).Split('/', '\\').Any(part => Built.Contains(part));
}
