using System.Runtime.InteropServices;
using System.Text;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Kernels;

/// <summary>Text to an image for one architecture, through NVRTC. Needs no device.</summary>
static unsafe class KernelCompiler
{
    // What a device newer than the compiler is given: PTX of the newest architecture that the compiler knows.
    static readonly int[] PtxArchitectures = [120, 100, 90, 80];

    /// <summary>The architecture's name as NVRTC takes it: sm_90a for 9.0, whose own instructions need the letter.</summary>
    public static string Architecture(int capability) => capability == 90 ? "sm_90a" : $"sm_{capability}";

    /// <summary>The options of every compilation but the architecture.</summary>
    public static IReadOnlyList<string> Options { get; } = ["--std=c++17"];

    /// <summary>Compiles an operation's file for an architecture such as sm_90a, or, where the compiler does not know that, to PTX.</summary>
    /// <exception cref="DeviceException">It does not compile; the message carries the compiler's log.</exception>
    public static byte[] Compile(string operation, string architecture, out string log, params string[] more)
    {
        if (TryCompile(operation, architecture, more, out byte[] image, out log)) return image;
        foreach (int other in PtxArchitectures)
            if (TryCompile(operation, $"compute_{other}", more, out image, out log)) return image;
        throw new DeviceException($"kernels/{operation}.cu: the compiler knows neither {architecture} nor an older architecture");
    }

    static bool TryCompile(string operation, string architecture, string[] more, out byte[] image, out string log)
    {
        (image, log) = ([], "");
        nint program = Create(operation);
        try
        {
            NvrtcResult result = Run(program, [$"--gpu-architecture={architecture}", .. Options, .. more]);
            if (result == NvrtcResult.InvalidOption) return false;
            log = Log(program);
            if (result == NvrtcResult.Compilation) throw new DeviceException($"kernels/{operation}.cu does not compile for {architecture}: {log}");
            result.ThrowIfFailed($"nvrtcCompileProgram of kernels/{operation}.cu");
            image = architecture.StartsWith("sm_", StringComparison.Ordinal) ? Cubin(program) : Ptx(program);
            return true;
        }
        finally
        {
            Nvrtc.DestroyProgram(ref program);
        }
    }

    static nint Create(string operation)
    {
        (string Name, string Text)[] headers = [.. KernelSources.Headers];
        using Texts sources = new(headers.Select(header => header.Text)), names = new(headers.Select(header => header.Name));
        Nvrtc.CreateProgram(out nint program, KernelSources.Read(operation), operation + ".cu", headers.Length, sources.Pointers, names.Pointers).ThrowIfFailed();
        return program;
    }

    static NvrtcResult Run(nint program, string[] options)
    {
        using Texts texts = new(options);
        return Nvrtc.CompileProgram(program, options.Length, texts.Pointers);
    }

    static byte[] Cubin(nint program)
    {
        Nvrtc.GetCubinSize(program, out nuint size).ThrowIfFailed();
        byte[] image = new byte[size];
        fixed (byte* bytes = image) Nvrtc.GetCubin(program, bytes).ThrowIfFailed();
        return image;
    }

    static byte[] Ptx(nint program)
    {
        Nvrtc.GetPtxSize(program, out nuint size).ThrowIfFailed();
        byte[] image = new byte[size];
        fixed (byte* bytes = image) Nvrtc.GetPtx(program, bytes).ThrowIfFailed();
        return image;
    }

    static string Log(nint program)
    {
        Nvrtc.GetLogSize(program, out nuint size).ThrowIfFailed();
        byte[] text = new byte[size];
        fixed (byte* bytes = text) Nvrtc.GetLog(program, bytes).ThrowIfFailed();
        return Encoding.UTF8.GetString(text).TrimEnd('\0', '\n');
    }

    /// <summary>Texts as C wants them.</summary>
    sealed class Texts : IDisposable
    {
        readonly int _count;

        public Texts(IEnumerable<string> texts)
        {
            nint[] all = [.. texts.Select(Marshal.StringToCoTaskMemUTF8)];
            _count = all.Length;
            Pointers = (byte**)NativeMemory.Alloc((nuint)(Math.Max(1, _count) * sizeof(byte*)));
            for (int i = 0; i < _count; i++) Pointers[i] = (byte*)all[i];
        }

        public byte** Pointers { get; }

        public void Dispose()
        {
            for (int i = 0; i < _count; i++) Marshal.FreeCoTaskMem((nint)Pointers[i]);
            NativeMemory.Free(Pointers);
        }
    }
}
