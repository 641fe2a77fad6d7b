using System.Text;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Kernels;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// Which lane holds what: the instructions of kernels/mma.cuh (on the software device, what stands for them) against the PTX manual's description of the fragments of
/// ldmatrix and of mma.m16n8k16 for 16-bit types, written here again.
/// </summary>
public sealed unsafe class TensorCoreTests
{
    const string Kernels = """
        extern "C" __global__ void __launch_bounds__(32) mmatest_load(const uint4* rows, uint32_t* plain, uint32_t* transposed)
        {
            __shared__ uint4 matrices[32];
            matrices[threadIdx.x] = rows[threadIdx.x];
            __syncthreads();
            uint32_t words[4];
            load_matrices(words, &matrices[threadIdx.x]);
            for (int i = 0; i < 4; i++) plain[threadIdx.x * 4 + i] = words[i];
            load_transposed(words, &matrices[threadIdx.x]);
            for (int i = 0; i < 4; i++) transposed[threadIdx.x * 4 + i] = words[i];
        }
        template <class T> __device__ __forceinline__ void product(const uint32_t* a, const uint32_t* b, float* c)
        {
            uint32_t left[4];
            float sums[4];
            for (int i = 0; i < 4; i++) left[i] = a[threadIdx.x * 4 + i];
            for (int i = 0; i < 4; i++) sums[i] = c[threadIdx.x * 4 + i];
            multiply_add<T>(sums, left, b[threadIdx.x * 2], b[threadIdx.x * 2 + 1]);
            for (int i = 0; i < 4; i++) c[threadIdx.x * 4 + i] = sums[i];
        }
        extern "C" __global__ void __launch_bounds__(32) mmatest_bf16(const uint32_t* a, const uint32_t* b, float* c) { product<bf16>(a, b, c); }
        extern "C" __global__ void __launch_bounds__(32) mmatest_f16(const uint32_t* a, const uint32_t* b, float* c) { product<f16>(a, b, c); }
        """;

    /// <summary>A kernel file's text with those that it includes in their places, each once.</summary>
    static string Inlined(string file, HashSet<string> seen)
    {
        if (!seen.Add(file)) return "";
        string[] lines = KernelSources.Headers.Single(header => header.Name == file).Text.Split('\n');
        return string.Join('\n', lines.Select(line => line.StartsWith("#include \"", StringComparison.Ordinal) ? Inlined(line.Split('"')[1], seen) : line == "#pragma once" ? "" : line)) + "\n";
    }

    static void Launch(IBackend backend, string kernel, params Matrix[] arguments)
    {
        _ = Words(backend, arguments[0]); // what was sent before has arrived: the stream below knows nothing of the backend's
        CudaDevice device = CudaDevice.Open(0);
        Nvrtc.CreateProgram(out nint program, Inlined("mma.cuh", []) + Kernels, "mmatest.cu", 0, null, null).ThrowIfFailed();
        fixed (byte* option = Encoding.UTF8.GetBytes($"--gpu-architecture={KernelCompiler.Architecture(device.Capability)}\0"))
        {
            byte* options = option;
            Nvrtc.CompileProgram(program, 1, &options).ThrowIfFailed();
        }
        Nvrtc.GetCUBINSize(program, out nuint size).ThrowIfFailed();
        byte[] image = new byte[size];
        nint module;
        fixed (byte* bytes = image)
        {
            Nvrtc.GetCUBIN(program, bytes).ThrowIfFailed();
            CudaDriver.ModuleLoadData(out module, bytes).ThrowIfFailed();
        }
        CudaDriver.ModuleGetFunction(out nint function, module, kernel).ThrowIfFailed();
        CudaDriver.StreamCreate(out nint stream, CudaStreamFlags.NonBlocking).ThrowIfFailed();
        nint[] addresses = [.. arguments.Select(argument => argument.Address)];
        fixed (nint* values = addresses)
        {
            void** pointers = stackalloc void*[addresses.Length];
            for (int i = 0; i < addresses.Length; i++) pointers[i] = values + i;
            CudaDriver.LaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream, pointers, null).ThrowIfFailed();
        }
        CudaDriver.StreamSynchronize(stream).ThrowIfFailed();
        CudaDriver.StreamDestroy(stream);
        CudaDriver.ModuleUnload(module);
        Nvrtc.DestroyProgram(ref program).ThrowIfFailed();
    }

    static uint[] Words(IBackend backend, Matrix matrix)
    {
        uint[] words = new uint[matrix.Count];
        backend.Download(matrix, words.AsSpan());
        return words;
    }

    [Fact]
    public void A_matrix_is_loaded_by_rows_or_transposed()
    {
        using IBackend backend = Backends.Create(Backends.Cuda);
        // Element (row, column) of 32 rows of 8 is 8 row + column + 1.
        int[] rows = [.. Enumerable.Range(0, 128).Select(word => 2 * word + 1 | 2 * word + 2 << 16)];
        using GuardedMatrix memory = new(backend, 1, 128, rows), plain = new(backend, 1, 128, ElementType.Int32), transposed = new(backend, 1, 128, ElementType.Int32);
        Launch(backend, "mmatest_load", memory, plain, transposed);
        (uint[] byRows, uint[] byColumns) = (Words(backend, plain), Words(backend, transposed));
        static uint Element(int row, int column) => (uint)(8 * row + column + 1);
        for (int lane = 0; lane < 32; lane++)
            for (int matrix = 0; matrix < 4; matrix++)
            {
                // The manual: thread T holds, of a row T / 4, the two elements from 2 (T % 4) on; with .trans rows and columns change places.
                (int row, int column) = (lane / 4, lane % 4 * 2);
                Assert.Equal(Element(8 * matrix + row, column) | Element(8 * matrix + row, column + 1) << 16, byRows[lane * 4 + matrix]);
                Assert.Equal(Element(8 * matrix + column, row) | Element(8 * matrix + column + 1, row) << 16, byColumns[lane * 4 + matrix]);
            }
    }

    [Theory]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float16)]
    public void A_product_is_that_of_the_manuals_fragments(ElementType type)
    {
        using IBackend backend = Backends.Create(Backends.Cuda);
        Random random = new(3);
        // Small whole numbers: every sum is exact.
        int[,] a = new int[16, 16], b = new int[16, 8];
        foreach (int[,] matrix in new[] { a, b })
            for (int i = 0; i < matrix.Length; i++) matrix[i / matrix.GetLength(1), i % matrix.GetLength(1)] = random.Next(-8, 9);
        uint Bits(int value) => Reference.Cast.Round(value, type);
        int[] left = new int[128], right = new int[64];
        double[] before = new double[128], expected = new double[128];
        for (int lane = 0; lane < 32; lane++)
        {
            (int groupId, int threadInGroup) = (lane >> 2, lane % 4);
            for (int i = 0; i < 8; i++)
            {
                int row = i is < 2 or (>= 4 and < 6) ? groupId : groupId + 8, column = threadInGroup * 2 + (i & 1) + (i < 4 ? 0 : 8);
                left[lane * 4 + i / 2] |= (int)(Bits(a[row, column]) << 16 * (i & 1));
            }
            for (int i = 0; i < 4; i++)
            {
                int row = threadInGroup * 2 + (i & 1) + (i < 2 ? 0 : 8);
                right[lane * 2 + i / 2] |= (int)(Bits(b[row, groupId]) << 16 * (i & 1));
            }
            for (int i = 0; i < 4; i++)
            {
                (int row, int column) = (i < 2 ? groupId : groupId + 8, threadInGroup * 2 + (i & 1));
                before[lane * 4 + i] = row - column;
                expected[lane * 4 + i] = row - column + Enumerable.Range(0, 16).Sum(k => a[row, k] * b[k, column]);
            }
        }
        using GuardedMatrix ga = new(backend, 1, 128, left), gb = new(backend, 1, 64, right), gc = new(backend, 1, 128, before);
        Launch(backend, type == ElementType.BFloat16 ? "mmatest_bf16" : "mmatest_f16", ga, gb, gc);
        Assert.Equal(expected, gc.Values);
    }
}
