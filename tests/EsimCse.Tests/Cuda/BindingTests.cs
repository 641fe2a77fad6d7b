using System.Text.RegularExpressions;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

public partial class BindingTests
{
    [Fact]
    public void The_software_device_exports_what_is_bound_and_nothing_more()
    {
        string[] bound = [.. Directory.GetFiles(Repository.File("src", "EsimCse.Cuda", "Interop"), "*.cs").SelectMany(file => EntryPoint().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value)];
        string[] exported = [.. Directory.GetFiles(Repository.File("tests", "SoftCuda"), "*.cpp").SelectMany(file => Export().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value)
            .Where(name => !name.StartsWith("softcuda_", StringComparison.Ordinal))];
        Assert.Equal(bound.Order(), exported.Order());
    }

    [GeneratedRegex("EntryPoint = \"(\\w+)\"")]
    private static partial Regex EntryPoint();

    [GeneratedRegex("^EXPORT [\\w ]+?[ *]+(\\w+)\\(", RegexOptions.Multiline)]
    private static partial Regex Export();
}
