using EsimCse.Cuda.Interop;

namespace EsimCse.Tests.Support;

/// <summary>Kernels of a test's own, on a stream of their own, launched without the backend's checks.</summary>
sealed unsafe class RawKernels : IDisposable
{
    readonly nint _module;
    readonly nint _stream;

    /// <summary>Compiles kernels. A backend holds the context.</summary>
    public RawKernels(string source)
    {
        Nvrtc.CreateProgram(out nint program, source, "raw.cu", 0, null, null).ThrowIfFailed();
        Nvrtc.CompileProgram(program, 0, null).ThrowIfFailed();
        Nvrtc.GetCUBINSize(program, out nuint size).ThrowIfFailed();
        byte[] image = new byte[size];
        fixed (byte* bytes = image)
        {
            Nvrtc.GetCUBIN(program, bytes).ThrowIfFailed();
            CudaDriver.ModuleLoadData(out _module, bytes).ThrowIfFailed();
        }
        Nvrtc.DestroyProgram(ref program).ThrowIfFailed();
        CudaDriver.StreamCreate(out _stream, CudaStreamFlags.NonBlocking).ThrowIfFailed();
    }

    public nint Stream => _stream;

    /// <summary>Returns a kernel.</summary>
    public nint Function(string kernel)
    {
        CudaDriver.ModuleGetFunction(out nint function, _module, kernel).ThrowIfFailed();
        return function;
    }

    /// <summary>Runs one block of 64 threads to its end.</summary>
    public CudaResult Launch(string kernel, int sharedBytes, params long[] arguments) =>
        Launch(Function(kernel), sharedBytes, arguments);

    /// <inheritdoc cref="Launch(string, int, long[])"/>
    public CudaResult Launch(nint function, int sharedBytes, params long[] arguments)
    {
        CudaResult launched = Enqueue(_stream, function, sharedBytes, arguments);
        return launched != CudaResult.Success ? launched : CudaDriver.StreamSynchronize(_stream);
    }

    /// <summary>Enqueues one block of 64 threads.</summary>
    public static CudaResult Enqueue(nint stream, nint function, int sharedBytes, params long[] arguments)
    {
        fixed (long* values = arguments)
        {
            void** pointers = stackalloc void*[arguments.Length];
            for (int i = 0; i < arguments.Length; i++) pointers[i] = values + i;
            return CudaDriver.LaunchKernel(function, 1, 1, 1, 64, 1, 1, (uint)sharedBytes, stream, pointers, null);
        }
    }

    public void Dispose() => CudaDriver.StreamDestroy(_stream);
}
