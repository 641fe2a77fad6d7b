using System.Diagnostics;

namespace EsimCse.Tests.Support;

/// <summary>A process that does not outlive the test: disposing of it kills it and its children.</summary>
sealed class ChildProcess : Process
{
    /// <summary>Limit for a whole run; far above the time that any takes on a slow machine.</summary>
    static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(40);

    /// <summary>Only <see cref="Start"/> creates one, and none that did not start leaves it.</summary>
    ChildProcess(ProcessStartInfo start)
    {
        StartInfo = start;
    }

    /// <summary>Starts a process.</summary>
    public static new ChildProcess Start(ProcessStartInfo start)
    {
        ChildProcess process = new(start);
        ((Process)process).Start();
        return process;
    }

    /// <summary>Runs a process to its end and fails where the limit is reached.</summary>
    /// <param name="start">Its command. The three streams are redirected.</param>
    /// <param name="input">Its standard input.</param>
    public static (int Code, string Output, string Error) Run(ProcessStartInfo start, string input = "")
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using ChildProcess process = Start(start);
        return process.Finish(input);
    }

    /// <summary>Writes standard input and waits for the end of the process and of its output.</summary>
    /// <inheritdoc cref="Run"/>
    public (int Code, string Output, string Error) Finish(string input = "")
    {
        Task<string> output = StandardOutput.ReadToEndAsync(), error = StandardError.ReadToEndAsync();
        StandardInput.Write(input);
        StandardInput.Close();
        string command = string.Join(' ', StartInfo.ArgumentList.Prepend(StartInfo.FileName));
        // The output ends after the process where a child of it goes on.
        bool hasEnded = Task.WaitAll([output, error], RunLimit) && WaitForExit(RunLimit);
        Assert.True(hasEnded, $"{command} did not end within {RunLimit}");
        return (ExitCode, output.Result, error.Result);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !HasExited) Kill(entireProcessTree: true);
        base.Dispose(disposing);
    }
}
