using System.Text;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Kernels;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// The instructions of kernels/mma.cuh (on SoftCuda, their plain C++ twins) against the PTX manual's description of the
/// fragments of ldmatrix and of mma.m16n8k16 for 16-bit types, written here a second time.
/// </summary>
public sealed unsafe class TensorCoreTests
{
    const string Kernels = """
        extern "C" __global__ void __launch_bounds__(32)
        mmatest_load(const uint4* rows, uint32_t* plain, uint32_t* transposed)
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
        extern "C" __global__ void __launch_bounds__(32) mmatest_bf16(const uint32_t* a, const uint32_t* b, float* c)
        {
            product<bf16>(a, b, c);
        }
        extern "C" __global__ void __launch_bounds__(32) mmatest_f16(const uint32_t* a, const uint32_t* b, float* c)
        {
            product<f16>(a, b, c);
        }
        """;

    /// <summary>Returns a header's text with its includes inlined, each once.</summary>
    static string Inline(string file, HashSet<string> seen)
    {
        if (!seen.Add(file)) return "";
        string text = KernelSources.Headers.Single(header => header.Name == file).Text;
        return string.Concat(text.Split('\n').Select(line => InlineLine(line, seen) + "\n"));
    }

    static string InlineLine(string line, HashSet<string> seen)
    {
        if (line.StartsWith("#include \"", StringComparison.Ordinal)) return Inline(line.Split('"')[1], seen);
        return line == "#pragma once" ? "" : line;
    }

    static void Launch(IBackend backend, string kernel, params Matrix[] arguments)
    {
        _ = Words(backend, arguments[0]); // waits for the uploads: the stream below does not know the backend's
        nint module = LoadModule();
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
    }

    static nint LoadModule()
    {
        string architecture = KernelCompiler.Architecture(CudaDevice.Open(0).Capability);
        string source = Inline("mma.cuh", []) + Kernels;
        Nvrtc.CreateProgram(out nint program, source, "mmatest.cu", 0, null, null).ThrowIfFailed();
        fixed (byte* option = Encoding.UTF8.GetBytes($"--gpu-architecture={architecture}\0"))
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
        Nvrtc.DestroyProgram(ref program).ThrowIfFailed();
        return module;
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
        using GuardedMatrix memory = new(backend, 1, 128, rows);
        using GuardedMatrix plain = new(backend, 1, 128, ElementType.Int32);
        using GuardedMatrix transposed = new(backend, 1, 128, ElementType.Int32);
        Launch(backend, "mmatest_load", memory, plain, transposed);
        uint[] byRows = Words(backend, plain);
        uint[] byColumns = Words(backend, transposed);
        for (int lane = 0; lane < 32; lane++)
            for (int matrix = 0; matrix < 4; matrix++)
            {
                // Thread T holds the elements 2 (T % 4) and the next of row T / 4; .trans exchanges rows and columns.
                int row = lane / 4;
                int column = lane % 4 * 2;
                int first = 8 * matrix;
                Assert.Equal(Pair(first + row, column, first + row, column + 1), byRows[lane * 4 + matrix]);
                Assert.Equal(Pair(first + column, row, first + column + 1, row), byColumns[lane * 4 + matrix]);
            }

        static uint Pair(int row0, int column0, int row1, int column1) =>
            Element(row0, column0) | Element(row1, column1) << 16;

        static uint Element(int row, int column) => (uint)(8 * row + column + 1);
    }

    [Theory]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float16)]
    public void A_product_is_that_of_the_manuals_fragments(ElementType type)
    {
        using IBackend backend = Backends.Create(Backends.Cuda);
        Random random = new(3);
        int[,] a = SmallNumbers(random, 16, 16);
        int[,] b = SmallNumbers(random, 16, 8);
        int[] left = new int[128];
        int[] right = new int[64];
        double[] before = new double[128];
        double[] expected = new double[128];
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 8; i++) left[lane * 4 + i / 2] |= Half(a[RowOfA(lane, i), ColumnOfA(lane, i)], i);
            for (int i = 0; i < 4; i++) right[lane * 2 + i / 2] |= Half(b[RowOfB(lane, i), lane / 4], i);
            for (int i = 0; i < 4; i++)
            {
                int row = lane / 4 + (i < 2 ? 0 : 8);
                int column = lane % 4 * 2 + (i & 1);
                before[lane * 4 + i] = row - column;
                expected[lane * 4 + i] = row - column + Enumerable.Range(0, 16).Sum(k => a[row, k] * b[k, column]);
            }
        }
        using GuardedMatrix ga = new(backend, 1, 128, left);
        using GuardedMatrix gb = new(backend, 1, 64, right);
        using GuardedMatrix gc = new(backend, 1, 128, before);
        Launch(backend, type == ElementType.BFloat16 ? "mmatest_bf16" : "mmatest_f16", ga, gb, gc);
        Assert.Equal(expected, gc.Values);

        int Half(int value, int i) => Reference.Cast.Round(value, type) << 16 * (i & 1);
    }

    // The manual's fragments: element i of a lane's part of A [16,16], and of B [16,8].
    static int RowOfA(int lane, int i) => lane / 4 + (i is < 2 or (>= 4 and < 6) ? 0 : 8);

    static int ColumnOfA(int lane, int i) => lane % 4 * 2 + (i & 1) + (i < 4 ? 0 : 8);

    static int RowOfB(int lane, int i) => lane % 4 * 2 + (i & 1) + (i < 2 ? 0 : 8);

    /// <summary>Draws whole numbers from -8 to 8, whose products and sums are exact.</summary>
    static int[,] SmallNumbers(Random random, int rows, int columns)
    {
        int[,] numbers = new int[rows, columns];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++) numbers[row, column] = random.Next(-8, 9);
        return numbers;
    }
}
