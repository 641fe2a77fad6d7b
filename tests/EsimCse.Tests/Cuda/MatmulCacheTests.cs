using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Matmul;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

[Collection("cuda")]
public sealed class MatmulCacheTests : IDisposable
{
    const int Width = 8;
    const int MaxRows = 1100;

    readonly CudaBackend _backend = (CudaBackend)Backends.Create(Backends.Cuda);
    readonly Arena _arena;
    readonly Matrix _x;
    readonly Matrix _w;
    readonly Matrix _dw;
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-test-").FullName;
    readonly TunedMatmuls _tuned;
    readonly nint _stream;

    public MatmulCacheTests()
    {
        CudaDriver.StreamCreate(out _stream, CudaStreamFlags.NonBlocking).ThrowIfFailed();
        _tuned = new TunedMatmuls(Path.Combine(_folder, "tuned.json"));
        _arena = new Arena(_backend);
        (_x, _w, _dw) = _arena.Carve(arena =>
            (arena.Allocate(MaxRows, Width), arena.Allocate(MaxRows, Width), arena.Allocate(Width, Width)));
    }

    public void Dispose()
    {
        _arena.Dispose();
        CudaDriver.StreamDestroy(_stream).ThrowIfFailed();
        _backend.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(new[] { 1, 255, 256, 1024 })]
    [InlineData(new[] { 1024, 256, 255, 1 })]
    public void One_algorithm_serves_every_number_of_rows_if_batch_invariant_and_any_other_its_own(int[] rows)
    {
        using MatmulCache cache = new(_stream, _backend, _tuned, null);
        int[] own = [.. rows.Select(count => count < 256 ? SoftMatmuls.Plain : SoftMatmuls.Wide)];
        // A shape may be used both ways.
        for (int repetition = 0; repetition < 2; repetition++)
        {
            Assert.Equal(own, Run(cache, count => Forward(count), rows));
            Assert.All(
                Run(cache, count => Forward(count) with { BatchInvariant = true }, rows),
                algorithm => Assert.Equal(SoftMatmuls.Plain, algorithm));
        }
    }

    [Fact]
    public void A_tuned_algorithm_serves_every_number_of_rows_if_batch_invariant_and_its_own_otherwise()
    {
        MatmulShape invariant = Forward(256) with { BatchInvariant = true };
        MatmulAlgorithm faulty = SoftMatmuls.Algorithm(SoftMatmuls.Faulty);
        foreach (MatmulShape shape in new[] { invariant, Forward(256), WeightGradient(256) })
            _tuned.AddTimed(shape, faulty);
        using MatmulCache cache = new(_stream, _backend, _tuned, null);
        int[] rows = [256, 384];
        Assert.Equal(
            [SoftMatmuls.Faulty, SoftMatmuls.Faulty], Run(cache, count => invariant with { Columns = count }, rows));
        Assert.Equal([SoftMatmuls.Faulty, SoftMatmuls.Wide], Run(cache, Forward, rows));
        Assert.Equal([SoftMatmuls.Faulty, SoftMatmuls.Plain], Run(cache, WeightGradient, [256, 200]));
    }

    [Theory]
    [InlineData(SoftMatmuls.Wide, 1, 0, true)]
    [InlineData(SoftMatmuls.Hungry, 1, 0, true)]
    [InlineData(SoftMatmuls.Faulty, 4, 2, true)]
    [InlineData(SoftMatmuls.Hungry, 1, 0, false)]
    [InlineData(SoftMatmuls.Unordered, 4, 1, false)]
    [InlineData(12345, 1, 0, false)]
    public void A_tuned_algorithm_that_is_not_usable_is_not_used(int id, int splits, int scheme, bool batchInvariant)
    {
        MatmulShape shape = Forward(200) with { BatchInvariant = batchInvariant };
        _tuned.AddTimed(shape, SoftMatmuls.Algorithm(id, splits, (CublasLtReductionScheme)scheme));
        using MatmulCache cache = new(_stream, _backend, _tuned, null);
        Assert.Equal([SoftMatmuls.Plain], Run(cache, _ => shape, [200]));
    }

    [Fact]
    public void Tuned_algorithms_are_read_again_and_an_unreadable_file_counts_as_empty()
    {
        Assert.Equal("", _tuned.Hash);
        _tuned.AddTimed(Forward(256), SoftMatmuls.Algorithm(SoftMatmuls.Faulty));
        string path = _tuned.Save();
        TunedMatmuls read = new(path);
        Assert.Equal(_tuned.Hash, read.Hash);
        Assert.True(read.TryGet(Forward(256), out _));
        Assert.False(read.TryGetTimed(Forward(256), out _));
        Assert.False(read.TryGet(Forward(384), out _));
        Assert.False(read.TryGet(Forward(256) with { BatchInvariant = true }, out _));
        foreach (string text in new[] { "{\"no\": 3", "[]", "{\"no\": \"AAAA\"}", "{\"no\": null}" })
        {
            File.WriteAllText(path, text);
            Assert.Equal("", new TunedMatmuls(path).Hash);
        }
    }

    [Fact]
    public void Operands_aligned_to_sixteen_bytes_give_the_bits_of_aligned_ones()
    {
        double[] aligned = RunProducts(skippedRows: 0);
        Assert.Equal(aligned, RunProducts(skippedRows: 1));
    }

    /// <summary>Runs every kind of product on the last rows of matrices that begin with rows to skip.</summary>
    double[] RunProducts(int skippedRows)
    {
        const int rows = 5, width = 24, outputs = 8;
        using GuardedMatrix x = Normal(rows, width, 1);
        using GuardedMatrix w = Normal(outputs, width, 2);
        using GuardedMatrix dy = Normal(rows, outputs, 3);
        using GuardedMatrix y = New(rows, outputs);
        using GuardedMatrix dx = New(rows, width);
        using GuardedMatrix dw = New(outputs, width, ElementType.Float32);
        _backend.LinearForward(Last(x), Last(w), default, Last(y));
        _backend.LinearBackwardInput(Last(dy), Last(w), accumulate: false, Last(dx));
        _backend.LinearBackwardWeight(Last(dy), Last(x), accumulate: false, Last(dw), default);
        return [.. Values(y), .. Values(dx), .. Values(dw)];

        GuardedMatrix New(int rows, int columns, ElementType type = ElementType.BFloat16) =>
            new(_backend, rows + skippedRows, columns, type);
        GuardedMatrix Normal(int rows, int columns, int seed)
        {
            double[] values = [.. new double[skippedRows * columns], .. Numbers.Normal(rows * columns, seed)];
            return new(_backend, rows + skippedRows, columns, values, ElementType.BFloat16);
        }
        Matrix Last(GuardedMatrix matrix) => matrix.Matrix.Slice(skippedRows, matrix.Matrix.Rows - skippedRows);
        double[] Values(GuardedMatrix matrix) => matrix.Values[(skippedRows * matrix.Matrix.Columns)..];
    }

    /// <summary>Runs products of some numbers of rows and returns their algorithms.</summary>
    int[] Run(MatmulCache cache, Func<int, MatmulShape> shape, int[] rows) =>
    [
        .. from matmul in SoftMatmuls.Record(() =>
           {
               foreach (int count in rows)
               {
                   nint d = shape(count).TransposeB ? _dw.Address : _x.Address;
                   cache.Run(shape(count), new(_w.Address, _x.Address, 0, d));
               }
           })
           select matmul.Algorithm,
    ];

    static MatmulShape Forward(int rows) =>
        new(Width, rows, Width, true, false, ElementType.Float32, ElementType.Float32, null, false);

    static MatmulShape WeightGradient(int rows) =>
        new(Width, Width, rows, false, true, ElementType.Float32, ElementType.Float32, null, true);
}
