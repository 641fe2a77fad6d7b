using System.Text.RegularExpressions;
using EsimCse.Tests.Support;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EsimCse.Tests.Conventions;

/// <summary>Folder, assembly and namespace agree, and the namespaces depend on each other one way.</summary>
public partial class NamespaceTests
{
    /// <summary>The namespaces that each namespace of EsimCse.Core may use; all may use EsimCse.Core itself.</summary>
    static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Backend"] = [],
        ["Files"] = [],
        ["Text"] = ["Files"],
        ["Model"] = ["Files", "Backend"],
        ["Evaluation"] = ["Text", "Files"],
        ["Training"] = ["Model", "Evaluation", "Text", "Files", "Backend"],
    };

    /// <summary>The projects that each project may use.</summary>
    static readonly Dictionary<string, string[]> Projects = new()
    {
        ["EsimCse.Core"] = [],
        ["EsimCse.Cpu"] = ["EsimCse.Core"],
        ["EsimCse.Cuda"] = ["EsimCse.Core"],
        ["EsimCse.Formats"] = ["EsimCse.Core"],
        ["EsimCse.Search"] = ["EsimCse.Core"],
        ["EsimCseNative"] = ["EsimCse.Core", "EsimCse.Cpu", "EsimCse.Cuda", "EsimCse.Formats", "EsimCse.Search"],
        ["EsimCse.Reports"] = ["EsimCseNative"],
        ["EsimCse.Serving"] = ["EsimCseNative"],
        ["EsimCse.Cli"] =
            ["EsimCseNative", "EsimCse.Formats", "EsimCse.Reports", "EsimCse.Search", "EsimCse.Serving"],
    };

    [Fact]
    public void Namespaces_are_their_folders()
    {
        string[] found =
        [
            .. from file in SourceFile.CSharp
               where file.IsIn("src") || file.IsIn("tests")
               from declared in file.Parse().Members.OfType<BaseNamespaceDeclarationSyntax>()
               where declared.Name.ToString() != Expected(file)
               select $"{file.Path}: found {declared.Name}, expected {Expected(file)}",
        ];
        Violations.None(found);
    }

    [Fact]
    public void Namespaces_of_the_core_depend_on_each_other_one_way()
    {
        string[] found =
        [
            .. from file in SourceFile.CSharp
               let folder = CoreFolder().Match(file.Path).Groups["folder"].Value
               where folder.Length > 0
               from used in file.Lines.Select(line => CoreName().Match(line).Groups["name"].Value)
               where used.Length > 0 && used != folder && !Arrows[folder].Contains(used)
               select $"{file.Path} uses {used}",
        ];
        Violations.None(found);
        string[] folders = Directory.GetDirectories(Repository.File("src", "EsimCse.Core"));
        Assert.Equal(folders.Select(Path.GetFileName).Except(["bin", "obj"]).Order(), Arrows.Keys.Order());
    }

    [Fact]
    public void Projects_depend_on_each_other_one_way()
    {
        foreach ((string project, string[] allowed) in Projects)
        {
            string text = File.ReadAllText(Repository.File("src", project, project + ".csproj"));
            string[] used = [.. ProjectReference().Matches(text).Select(match => match.Groups["name"].Value)];
            Assert.Equal(allowed.Order(), used.Order());
        }
    }

    [Fact]
    public void No_namespace_shares_the_name_of_a_type()
    {
        SourceFile[] sources = [.. SourceFile.CSharp.Where(file => file.IsIn("src"))];
        string[] namespaces = [.. sources.Select(file => file.Folder.Split('/')[^1]).Distinct()];
        string[] types =
        [
            .. from file in sources
               from type in file.Parse().DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
               select type.Identifier.Text,
        ];
        Violations.None(namespaces.Intersect(types));
    }

    /// <summary>Returns the namespace of a file's folder; for a part of a backend, that of the backend.</summary>
    static string Expected(SourceFile file)
    {
        string[] folders = file.Folder.Split('/');
        return string.Join('.', PartOfBackend().IsMatch(file.Path) ? folders[1..2] : folders[1..]);
    }

    [GeneratedRegex(@"/(Cpu|Cuda)Backend\.\w+\.cs$")]
    private static partial Regex PartOfBackend();

    [GeneratedRegex(@"^src/EsimCse\.Core/(?<folder>\w+)/")]
    private static partial Regex CoreFolder();

    [GeneratedRegex(@"\bEsimCse\.Core\.(?<name>[A-Z]\w+)")]
    private static partial Regex CoreName();

    [GeneratedRegex(@"<ProjectReference Include="".*/(?<name>[\w.]+)\.csproj""")]
    private static partial Regex ProjectReference();
}
