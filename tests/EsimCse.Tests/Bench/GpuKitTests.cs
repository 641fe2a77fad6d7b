using System.Diagnostics;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Bench;

/// <summary>The GPU kit's scripts, as far as they run without a GPU.</summary>
public class GpuKitTests
{
    [Fact]
    public void The_report_is_right_on_samples() => Run("python3", "report_test.py");

    [Theory]
    [InlineData("run.sh")]
    [InlineData("phases.sh")]
    [InlineData("pack.sh")]
    public void Scripts_are_valid(string script) => Run("bash", script, "-n");

    static void Run(string program, string script, params string[] options)
    {
        Repository.Require();
        string path = Repository.File("bench", "gpu-kit", script);
        Assert.SkipUnless(File.Exists("/usr/bin/env"), "there is no /usr/bin/env");
        ProcessStartInfo start = new("/usr/bin/env", [program, .. options, path]);
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        (int code, string output, string error) = ChildProcess.Run(start);
        const int notFound = 127;
        Assert.SkipWhen(code == notFound, $"there is no {program}");
        Assert.True(code == 0, output + error);
    }
}
