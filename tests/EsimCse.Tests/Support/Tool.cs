using System.Diagnostics;
using System.Reflection;
using EsimCse.Cli;

namespace EsimCse.Tests.Support;

/// <summary>Runs the tool as a process, as users do.</summary>
static class Tool
{
    /// <summary>Limit for observations of a running process; far above the time that they take.</summary>
    static readonly TimeSpan WaitLimit = TimeSpan.FromMinutes(2);

    /// <summary>The tool's own assembly, for commands that start it in an unusual way.</summary>
    public static string[] Command => CommandOf(typeof(CommandRunner).Assembly);

    /// <summary>
    /// Returns the command that runs an assembly of the tests' folder: through the dotnet on the path, or by its own
    /// executable where the tests were published with a runtime.
    /// </summary>
    public static string[] CommandOf(Assembly assembly) => CommandOf(assembly.Location);

    /// <inheritdoc cref="CommandOf(Assembly)"/>
    public static string[] CommandOf(string assembly)
    {
        bool selfContained = File.Exists(Path.Combine(AppContext.BaseDirectory, "libcoreclr.so"));
        return selfContained ? [Path.ChangeExtension(assembly, null)] : ["dotnet", assembly];
    }

    /// <summary>Runs the tool to its end with a text as its standard input.</summary>
    public static (int Code, string Output, string Error) Run(string input, params string[] arguments)
    {
        using ChildProcess process = Start(arguments);
        return process.Finish(input);
    }

    /// <summary>Runs the tool to its end with environment variables of its own.</summary>
    public static (int Code, string Output, string Error) Start(
        KeyValuePair<string, string>[] variables, params string[] arguments)
    {
        IEnumerable<string> assignments = variables.Select(variable => $"{variable.Key}={variable.Value}");
        using ChildProcess process = Start("/usr/bin/env", [.. assignments, .. Command, .. arguments]);
        return process.Finish();
    }

    /// <summary>Runs the tool to its end with standard output on a full disk.</summary>
    public static (int Code, string Error) RunOnFullDisk(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full");
        string[] command = ["-c", "exec \"$@\" > /dev/full", "sh", .. Command, .. arguments];
        using ChildProcess process = Start("/bin/sh", command);
        (int code, _, string error) = process.Finish();
        return (code, error);
    }

    public static ChildProcess Start(params string[] arguments) => Start(Command[0], [.. Command[1..], .. arguments]);

    /// <summary>Starts the tool with SIGINT at its default, which background jobs of a shell ignore.</summary>
    public static ChildProcess StartWithDefaultSignals(params string[] arguments) =>
        Start("/usr/bin/env", ["--default-signal=INT", .. Command, .. arguments]);

    /// <summary>Starts another program that runs the tool.</summary>
    public static ChildProcess Start(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The tool sees a CUDA device only where a test asks for one.
        if (!arguments.Contains("--device")) start.Environment.Remove("ESIMCSE_CUDA");
        if (Backends.RealCompiler is not null) start.Environment.Remove("ESIMCSE_NVRTC");
        return ChildProcess.Start(start);
    }

    /// <summary>Waits until a condition holds, and fails if the process ends first or the limit is reached.</summary>
    public static async Task WaitUntil(Process process, Func<bool> condition, string expected)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.False(process.HasExited, $"the process ended before {expected}");
            Assert.True(clock.Elapsed < WaitLimit, $"waited {WaitLimit} for {expected}");
            await Task.Delay(20);
        }
    }

    /// <summary>Returns the address that the command serve prints when it is ready.</summary>
    public static async Task<Uri> ReadAddress(Process process)
    {
        using CancellationTokenSource limit = new(WaitLimit);
        while (await process.StandardError.ReadLineAsync(limit.Token) is { } line)
            if (Uri.TryCreate(line.Split(' ')[^1], UriKind.Absolute, out Uri? address)) return address;
        throw new InvalidOperationException("the server ended before it printed its address");
    }

    /// <summary>Waits for the end of a process, and fails if the limit is reached.</summary>
    public static async Task<int> WaitForExit(Process process, string cause)
    {
        using CancellationTokenSource limit = new(WaitLimit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the process did not end within {WaitLimit} after {cause}");
        }
        return process.ExitCode;
    }
}
