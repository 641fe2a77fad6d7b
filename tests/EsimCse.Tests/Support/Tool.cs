using System.Diagnostics;

namespace EsimCse.Tests.Support;

/// <summary>The tool as a process, as a user runs it.</summary>
static class Tool
{
    static string[] Command => CommandOf(typeof(EsimCse.Cli.CommandRunner).Assembly);

    /// <summary>How an assembly beside this one is run: by the dotnet on the path, or where the runtime was packed along, by its own executable.</summary>
    public static string[] CommandOf(System.Reflection.Assembly assembly) =>
        File.Exists(Path.Combine(AppContext.BaseDirectory, "libcoreclr.so")) ? [Path.ChangeExtension(assembly.Location, null)] : ["dotnet", assembly.Location];

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

    /// <summary>To its end, with variables of its own.</summary>
    public static (int Code, string Output, string Error) Start(KeyValuePair<string, string>[] variables, params string[] arguments)
    {
        using Process process = Start("/usr/bin/env", [.. variables.Select(variable => $"{variable.Key}={variable.Value}"), .. Command, .. arguments]);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    public static Process Start(params string[] arguments) => Start(Command[0], [.. Command[1..], .. arguments]);

    /// <summary>The same, with SIGINT not ignored: a shell that starts things in the background has them ignore it, and what is ignored stays so.</summary>
    public static Process StartByEnv(params string[] arguments) => Start("/usr/bin/env", ["--default-signal=INT", .. Command, .. arguments]);

    static Process Start(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // The tool sees a CUDA device only where a test asks for one.
        if (!arguments.Contains("--device")) start.Environment.Remove("ESIMCSE_CUDA");
        if (Backends.RealCompiler is not null) start.Environment.Remove("ESIMCSE_NVRTC");
        return Process.Start(start)!;
    }
}
