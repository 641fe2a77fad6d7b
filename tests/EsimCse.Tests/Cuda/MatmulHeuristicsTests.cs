using EsimCse.Core;
using EsimCse.Cuda;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Matmul;
using EsimCse.Tests.Support;
using Scheme = EsimCse.Cuda.Interop.CublasLtReductionScheme;

namespace EsimCse.Tests.Cuda;

[Collection("cuda")]
public sealed class MatmulHeuristicsTests : IDisposable
{
    static readonly MatmulShape Shape =
        new(16, 100, 40, true, false, ElementType.Float32, ElementType.Float32, null, false);

    readonly CudaBackend _backend = (CudaBackend)Backends.Create(Backends.Cuda);
    readonly CublasLtContext _context;
    readonly nint _stream;

    public MatmulHeuristicsTests()
    {
        CudaDriver.StreamCreate(out _stream, CudaStreamFlags.NonBlocking).ThrowIfFailed();
        _context = new CublasLtContext(_stream, _backend);
    }

    public void Dispose()
    {
        _context.Dispose();
        CudaDriver.StreamDestroy(_stream).ThrowIfFailed();
        _backend.Dispose();
    }

    [Theory]
    [InlineData(SoftMatmuls.Plain, 4, 2, 40, true)]
    [InlineData(SoftMatmuls.Plain, 4, 4, 40, true)]
    [InlineData(SoftMatmuls.Plain, 4, 1, 40, false)]
    [InlineData(SoftMatmuls.Faulty, 3, 2, 42, true)]
    [InlineData(SoftMatmuls.Faulty, 3, 2, 40, false)]
    public void A_split_is_sound_if_its_sums_are_right_and_in_a_fixed_order_but_for_vectors_of_sentences(
        int id, int splits, int scheme, int inner, bool sound)
    {
        MatmulAlgorithm algorithm = SoftMatmuls.Algorithm(id, splits, (Scheme)scheme);
        MatmulShape shape = Shape with { Inner = inner };
        Assert.Equal(sound, MatmulHeuristics.IsSound(algorithm, shape));
        Assert.False(MatmulHeuristics.IsSound(algorithm, shape with { BatchInvariant = true }));
        Assert.True(MatmulHeuristics.IsSound(SoftMatmuls.Algorithm(id), shape with { BatchInvariant = true }));
    }

    [Fact]
    public void The_parts_of_a_split_are_not_rounded_to_16_bits()
    {
        MatmulShape shape = Shape with { Input = ElementType.BFloat16, Output = ElementType.BFloat16 };
        Assert.True(MatmulHeuristics.IsSound(SoftMatmuls.Algorithm(67, 4, Scheme.ComputeType), shape));
        Assert.False(MatmulHeuristics.IsSound(SoftMatmuls.Algorithm(67, 4, Scheme.OutputType), shape));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(512)]
    [InlineData(20_000)]
    public void An_algorithm_that_does_not_take_few_columns_is_used_for_none_of_a_batch_invariant_product(int columns)
    {
        MatmulShape shape = Shape with { Columns = columns };
        int[] own = Ids(shape);
        Assert.Equal(columns >= 256, own.Contains(SoftMatmuls.Wide));
        Assert.Equal(columns >= 512, own.Contains(SoftMatmuls.Hungry));
        Assert.Contains(SoftMatmuls.Plain, own);
        Assert.Equal([SoftMatmuls.Plain, SoftMatmuls.Faulty], Ids(shape with { BatchInvariant = true }));
    }

    [Fact]
    public void The_heuristic_is_asked_without_splits_where_all_its_splits_are_faulty()
    {
        int[] ids = [];
        SoftMatmuls.WithProposals(faulty: 16, unsplit: true, () => ids = Ids(Shape));
        Assert.Equal([SoftMatmuls.Plain, SoftMatmuls.Faulty], ids);
        SoftMatmuls.WithProposals(faulty: 16, unsplit: true, () => ids = Ids(Shape with { Inner = 42 }));
        Assert.Equal(Enumerable.Repeat(SoftMatmuls.Faulty, 16), ids);
    }

    [Fact]
    public void The_heuristic_is_asked_for_fewer_columns_where_its_proposals_for_many_do_not_take_few()
    {
        int[] own = [], invariant = [];
        SoftMatmuls.WithProposals(faulty: 1, unsplit: true, wideColumns: 4096, action: () =>
        {
            own = Ids(Shape with { Columns = 4096 });
            invariant = Ids(Shape with { Columns = 4096, BatchInvariant = true });
        });
        Assert.DoesNotContain(SoftMatmuls.Plain, own);
        Assert.Equal([SoftMatmuls.Plain, SoftMatmuls.Faulty], invariant);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_product_without_a_usable_algorithm_is_refused_with_its_shape(bool batchInvariant)
    {
        MatmulShape shape = Shape with { BatchInvariant = batchInvariant };
        DeviceException error = Assert.Throws<DeviceException>(() =>
            SoftMatmuls.WithProposals(faulty: 16, unsplit: false, () => Ids(shape)));
        Assert.Matches("no algorithm to use for MatmulShape .*Inner = 40", error.Message);
    }

    int[] Ids(MatmulShape shape) =>
    [
        .. from algorithm in MatmulHeuristics.GetAlgorithms(_context, shape, bias: 0)
           select MatmulHeuristics.GetConfig(algorithm, CublasLtAlgoConfig.Id),
    ];
}
