using System.Text.RegularExpressions;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

public partial class BindingTests
{
    [Fact]
    public void The_software_device_exports_the_bound_functions_and_no_others()
    {
        Repository.Require();
        IEnumerable<string> bound = Matches(EntryPoint(), "*.cs", "src", "EsimCse.Cuda", "Interop");
        IEnumerable<string> exported =
            from name in Matches(Export(), "*.cpp", "tests", "SoftCuda")
            where !name.StartsWith("softcuda_", StringComparison.Ordinal)
            select name;
        Assert.Equal(bound.Order(), exported.Order());
    }

    static IEnumerable<string> Matches(Regex pattern, string files, params string[] folder) =>
        from file in Directory.GetFiles(Repository.File(folder), files)
        from Match match in pattern.Matches(File.ReadAllText(file))
        select match.Groups[1].Value;

    [GeneratedRegex("EntryPoint = \"(\\w+)\"")]
    private static partial Regex EntryPoint();

    [GeneratedRegex("^EXPORT [\\w ]+?[ *]+(\\w+)\\(", RegexOptions.Multiline)]
    private static partial Regex Export();
}
