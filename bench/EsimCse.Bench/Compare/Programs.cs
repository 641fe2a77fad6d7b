using System.Diagnostics;

namespace EsimCse.Bench.Compare;

/// <summary>The programs of the participants: built when they are first needed.</summary>
sealed class Programs
{
    public const string Ours = "EsimCseNative";
    public const string OnnxRuntime = "ONNX Runtime";
    public const string TorchSharp = "TorchSharp";

    readonly string _peers = Path.Combine(Repository, "bench", "peers");
    readonly Lazy<string> _onnxRuntime;
    readonly Lazy<string> _tokenizers;
    readonly Lazy<string> _torchSharp;

    public Programs()
    {
        _onnxRuntime = new Lazy<string>(() => Build("onnxruntime"));
        _tokenizers = new Lazy<string>(() => Build("tokenizers"));
        _torchSharp = new Lazy<string>(PrepareTorch);
    }

    /// <summary>The repository's root.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>Returns this program as a participant.</summary>
    public static ParticipantStart Own(string precision, params string[] arguments) =>
        new(Ours, precision, typeof(Programs).Assembly.Location, ["participant", .. arguments]);

    public ParticipantStart Onnx(string precision, params string[] arguments) =>
        Create(OnnxRuntime, precision, "onnxruntime", "EsimCse.Peers.OnnxRuntime", arguments, _onnxRuntime);

    public ParticipantStart Tokenizer(string name, params string[] arguments) =>
        Create(name, "", "tokenizers", "EsimCse.Peers.Tokenizers", arguments, _tokenizers);

    /// <summary>
    /// Returns TorchSharp as fast as it can be: MKL with its fast kernels, on processors of AMD too, and a malloc that
    /// keeps freed memory.
    /// </summary>
    public ParticipantStart Torch(string name, string precision, int threads, params string[] arguments)
    {
        ParticipantStart start =
            Create(name, precision, "torchsharp", "EsimCse.Peers.TorchSharp", arguments, _torchSharp);
        if (start.Missing is not null) return start;
        Dictionary<string, string> environment = new()
        {
            ["OMP_NUM_THREADS"] = $"{threads}",
            ["MALLOC_MMAP_MAX_"] = "0",
            ["MALLOC_TRIM_THRESHOLD_"] = "1000000000000",
            ["MALLOC_TOP_PAD_"] = "67108864",
        };
        if (_torchSharp.Value.Length > 0) environment["LD_PRELOAD"] = _torchSharp.Value;
        return start with { Environment = environment };
    }

    ParticipantStart Create(
        string name, string precision, string folder, string assembly, string[] arguments, Lazy<string> built)
    {
        string path = Path.Combine(_peers, folder, "bin", "Release", "net10.0", assembly + ".dll");
        ParticipantStart start = new(name, precision, path, arguments);
        try
        {
            _ = built.Value;
            return start;
        }
        catch (ParticipantException exception)
        {
            return start with { Missing = exception.Message };
        }
    }

    string Build(string folder) =>
        Execute("dotnet", "build", "-c", "Release", "--nologo", "-v", "q", Path.Combine(_peers, folder));

    /// <summary>Returns the library to preload; none where the system has no shell.</summary>
    string PrepareTorch()
    {
        if (!OperatingSystem.IsLinux())
        {
            Build("torchsharp");
            return "";
        }
        return Execute("bash", Path.Combine(_peers, "torchsharp", "prepare.sh")).Trim();
    }

    /// <summary>Runs a command, and returns its output.</summary>
    public static string Execute(string command, params string[] arguments)
    {
        ProcessStartInfo info = new(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository,
        };
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == 0) return output;
        string[] lines = (output + errors.Result).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string reason = lines.FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase))
            ?? lines.LastOrDefault() ?? "";
        throw new ParticipantException($"{command} failed: {reason.Trim()}");
    }

    static string FindRepository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "EsimCseNative.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("no EsimCseNative.sln above this program");
    }
}
