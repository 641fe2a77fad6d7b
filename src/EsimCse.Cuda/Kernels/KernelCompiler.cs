using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Kernels;

/// <summary>Compiles kernels with NVRTC. Needs no device.</summary>
static unsafe class KernelCompiler
{
    /// <summary>Architectures to try, newest first, for PTX if the device is newer than the compiler.</summary>
    static readonly int[] PtxArchitectures = [120, 100, 90, 80];

    /// <summary>The options of every compilation, apart from the architecture.</summary>
    public static IReadOnlyList<string> Options { get; } = ["--std=c++17"];

    /// <summary>Returns NVRTC's name of an architecture; sm_90a for 9.0, which enables its own instructions.</summary>
    public static string Architecture(int capability) => capability == 90 ? "sm_90a" : $"sm_{capability}";

    /// <summary>
    /// Compiles an operation's file to machine code for an architecture such as sm_90a, or to PTX for one such as
    /// compute_90 or if the compiler does not know the architecture.
    /// </summary>
    /// <exception cref="DeviceException">It does not compile; the message contains the compiler's log.</exception>
    public static byte[] Compile(string operation, string architecture, out string log, params string[] options)
    {
        if (TryCompile(operation, architecture, options, out byte[] image, out log)) return image;
        foreach (int capability in PtxArchitectures)
            if (TryCompile(operation, $"compute_{capability}", options, out image, out log)) return image;
        ThrowUnknownArchitecture(operation, architecture);
        return image;
    }

    /// <summary>Compiles an operation's file; returns false if the compiler does not know the architecture.</summary>
    static bool TryCompile(
        string operation, string architecture, string[] options, out byte[] image, out string log)
    {
        image = [];
        log = "";
        nint program = CreateProgram(operation);
        try
        {
            string[] all = [$"--gpu-architecture={architecture}", .. Options, .. options];
            NvrtcResult result = CompileProgram(program, all);
            if (result == NvrtcResult.InvalidOption) return false;
            log = GetLog(program);
            if (result == NvrtcResult.Compilation) ThrowDoesNotCompile(operation, architecture, log);
            result.ThrowIfFailed($"nvrtcCompileProgram of kernels/{operation}.cu");
            image = architecture.StartsWith("sm_", StringComparison.Ordinal) ? GetCubin(program) : GetPtx(program);
            return true;
        }
        finally
        {
            Nvrtc.DestroyProgram(ref program);
        }
    }

    static nint CreateProgram(string operation)
    {
        (string Name, string Text)[] headers = [.. KernelSources.Headers];
        using Utf8Array texts = new(headers.Select(header => header.Text));
        using Utf8Array names = new(headers.Select(header => header.Name));
        string source = KernelSources.Read(operation);
        Nvrtc.CreateProgram(out nint program, source, operation + ".cu", headers.Length, texts.Pointers, names.Pointers)
            .ThrowIfFailed($"nvrtcCreateProgram of kernels/{operation}.cu");
        return program;
    }

    static NvrtcResult CompileProgram(nint program, string[] options)
    {
        using Utf8Array texts = new(options);
        return Nvrtc.CompileProgram(program, options.Length, texts.Pointers);
    }

    static byte[] GetCubin(nint program)
    {
        Nvrtc.GetCUBINSize(program, out nuint size).ThrowIfFailed();
        byte[] image = new byte[size];
        fixed (byte* bytes = image) Nvrtc.GetCUBIN(program, bytes).ThrowIfFailed();
        return image;
    }

    static byte[] GetPtx(nint program)
    {
        Nvrtc.GetPTXSize(program, out nuint size).ThrowIfFailed();
        byte[] image = new byte[size];
        fixed (byte* bytes = image) Nvrtc.GetPTX(program, bytes).ThrowIfFailed();
        return image;
    }

    static string GetLog(nint program)
    {
        Nvrtc.GetProgramLogSize(program, out nuint size).ThrowIfFailed();
        byte[] text = new byte[size];
        fixed (byte* bytes = text) Nvrtc.GetProgramLog(program, bytes).ThrowIfFailed();
        return Encoding.UTF8.GetString(text).TrimEnd('\0', '\n');
    }

    [DoesNotReturn]
    static void ThrowDoesNotCompile(string operation, string architecture, string log) =>
        throw new DeviceException($"kernels/{operation}.cu does not compile for {architecture}: {log}");

    [DoesNotReturn]
    static void ThrowUnknownArchitecture(string operation, string architecture)
    {
        string found = $"the compiler knows neither {architecture} nor an older architecture";
        throw new DeviceException($"kernels/{operation}.cu: {found}");
    }

    /// <summary>An array of null-terminated UTF-8 strings (char**).</summary>
    sealed class Utf8Array : IDisposable
    {
        readonly int _count;

        public Utf8Array(IEnumerable<string> texts)
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
