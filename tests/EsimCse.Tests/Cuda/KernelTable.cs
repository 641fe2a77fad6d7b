using System.Globalization;
using System.Text.RegularExpressions;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// Tables of the registers and the static shared memory of every kernel. The one next to the tests, kernels.txt, holds
/// upper bounds; after a change on purpose, copy there what the test wrote:
/// <c>cp artifacts/kernels.txt tests/EsimCse.Tests/Cuda/</c>.
/// </summary>
static partial class KernelTable
{
    const string HeaderStart = "NVRTC ";

    public static string Header(int major, int minor) => $"{HeaderStart}{major}.{minor}";

    public static string Resources(int registers, int sharedBytes) =>
        $"{registers,3} registers, {sharedBytes,5} bytes shared";

    public static bool IsHeader(string line) => line.StartsWith(HeaderStart, StringComparison.Ordinal);

    public static bool IsRow(string line) => Row().IsMatch(line);

    /// <summary>Checks a table against the bounds, where they are of the same compiler.</summary>
    public static void Compare(string boundsFile, string[] table)
    {
        string[] bounds = File.ReadAllLines(boundsFile);
        string compiler = table.Single(IsHeader);
        bool isSame = bounds[0] == compiler;
        Assert.SkipUnless(isSame, $"{boundsFile} has the resources that {bounds[0]} gives, found {compiler}");
        SortedDictionary<string, (int Registers, int Shared)> allowed = Parse(bounds);
        SortedDictionary<string, (int Registers, int Shared)> found = Parse(table);
        string[] problems =
        [
            .. allowed.Keys.Except(found.Keys).Select(kernel => $"{kernel} is gone"),
            .. found.Keys.Except(allowed.Keys).Select(kernel => $"{kernel} is new"),
            .. from kernel in found
               where allowed.TryGetValue(kernel.Key, out var bound)
                   && (kernel.Value.Registers > bound.Registers || kernel.Value.Shared > bound.Shared)
               select $"{kernel.Key} has {kernel.Value}, allowed are {allowed[kernel.Key]}",
        ];
        Assert.True(problems.Length == 0, $"{boundsFile}: {string.Join("; ", problems)}");
    }

    static SortedDictionary<string, (int Registers, int Shared)> Parse(string[] table)
    {
        SortedDictionary<string, (int, int)> kernels = new(StringComparer.Ordinal);
        foreach (Match row in table.Select(line => Row().Match(line)).Where(match => match.Success))
            kernels.Add(row.Groups["kernel"].Value, (Number(row, "registers"), Number(row, "shared")));
        return kernels;
    }

    static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<kernel>sm_\w+ +\w+) +(?<registers>\d+) registers, +(?<shared>\d+) bytes shared")]
    private static partial Regex Row();
}
