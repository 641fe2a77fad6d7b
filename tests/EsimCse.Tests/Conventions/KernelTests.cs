using System.Text.RegularExpressions;

namespace EsimCse.Tests.Conventions;

/// <summary>Kernels take few parameters, and the fragment map of tensor cores stands in one file.</summary>
public partial class KernelTests
{
    const int MaxParameters = 14;

    static IEnumerable<SourceFile> Kernels => SourceFile.All.Where(file => file.IsIn("kernels"));

    [Fact]
    public void No_kernel_has_more_than_14_parameters()
    {
        (string Name, int Parameters)[] kernels =
        [
            .. from file in Kernels
               let text = string.Join(' ', file.Lines.Select(line => line.TrimEnd('\\')))
               from Match kernel in Entry().Matches(LaunchBounds().Replace(text, ""))
               select (kernel.Groups["name"].Value, kernel.Groups["parameters"].Value.Split(',').Length),
        ];
        Assert.True(kernels.Length > 40, "the kernels are found");
        Violations.None(
            from kernel in kernels
            where kernel.Parameters > MaxParameters
            select $"{kernel.Name}: {kernel.Parameters}");
    }

    [Fact]
    public void Only_mma_knows_which_lane_has_which_element() => Violations.None(
        from file in Kernels
        where !file.Path.EndsWith("/mma.cuh", StringComparison.Ordinal)
        from line in file.Lines.Index()
        where FragmentMap().IsMatch(line.Item)
        select $"{file.Path}({line.Index + 1}): {line.Item.Trim()}");

    [GeneratedRegex(@"__launch_bounds__\((?:[^()]|\([^()]*\))*\)")]
    private static partial Regex LaunchBounds();

    [GeneratedRegex(@"__global__ void\s+(?<name>[\w#]+)\((?<parameters>[^)]*)\)")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\b(lane|threadIdx\.x % WarpSize) [/%] 4\b")]
    private static partial Regex FragmentMap();
}
