using System.Diagnostics;

namespace EsimCse.Tests.Cli;

/// <summary>The tool as a process, as a user runs it.</summary>
static class Tool
{
    static string Assembly => typeof(EsimCse.Cli.ExitCodes).Assembly.Location;

    public static (int Code, string Output, string Error) Run(string input, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    public static Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Assembly, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }
}
