using System.Diagnostics;

namespace EsimCse.Tests.Support;

/// <summary>
/// Runs a long test in a process of its own, with devices of its own: SoftCuda's serve one test of a process at a time.
/// </summary>
static class OwnProcess
{
    const string Variable = "ESIMCSE_TEST_ALONE";

    /// <summary>Printed before a test's name where it runs, so that none passes for want of a run.</summary>
    const string Mark = "alone: ";

    /// <summary>The test that this process was started for.</summary>
    static readonly string? Alone = Environment.GetEnvironmentVariable(Variable);

    /// <summary>
    /// Runs the calling test in a process of its own and returns true, so that the caller is done. Returns false in
    /// that process, and true there for the other rows of a theory.
    /// </summary>
    public static bool RunsTest()
    {
        Backends.RequireCuda();
        ITestContext context = TestContext.Current;
        string name = context.Test!.TestDisplayName;
        if (Alone is not null)
        {
            if (Alone == name) Console.WriteLine(Mark + name);
            return Alone != name;
        }
        string[] command = Tool.CommandOf(typeof(OwnProcess).Assembly);
        string method = $"{context.TestClass!.TestClassName}.{context.TestMethod!.MethodName}";
        ProcessStartInfo start = new(command[0], [.. command[1..], "-method", method, "-showLiveOutput"]);
        start.Environment[Variable] = name;
        (int code, string output, string error) = ChildProcess.Run(start);
        context.TestOutputHelper?.WriteLine(output);
        Assert.True(code == 0, output + error);
        Assert.Contains(Mark + name, output, StringComparison.Ordinal);
        return true;
    }
}
