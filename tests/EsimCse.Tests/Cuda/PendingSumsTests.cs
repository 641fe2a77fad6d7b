using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>The sums of gradients that operations keep in parts until one launch adds them.</summary>
[Collection("cuda")]
public class PendingSumsTests
{
    const int Width = 72;

    /// <summary>Adds more sums than one launch takes, and parts of more memory than a first block has.</summary>
    [Theory]
    [InlineData(121, 3)]
    [InlineData(40, 20_000)]
    public void Any_number_of_sums_of_any_size_are_added(int count, int rows)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using GuardedMatrix dy = new(cuda, rows, Width, Numbers.Normal(rows * Width, 1));
        using GuardedMatrix x = new(cuda, rows, 8, Numbers.Normal(rows * 8, 2));
        using GuardedMatrix dw = new(cuda, Width, 8, new double[Width * 8]);
        using GuardedMatrix dbiases = new(cuda, count, Width, Numbers.Normal(count * Width, 3));
        double[] expected = [.. dbiases.Initial];
        for (int i = 0; i < dy.Initial.Length; i++)
            for (int sum = 0; sum < count; sum++) expected[sum * Width + i % Width] += dy.Initial[i];
        for (int sum = 0; sum < count; sum++) Add(cuda, dy, x, dw, dbiases.Matrix.Slice(sum, 1));
        cuda.FinishGradients();
        Tolerance.Chain(rows).Check(expected, dbiases.Values);
    }

    [Fact]
    public void A_target_that_is_added_to_twice_receives_both_sums()
    {
        const int rows = 5;
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using GuardedMatrix dy = new(cuda, rows, Width, [.. Enumerable.Repeat(1.0, rows * Width)]);
        using GuardedMatrix x = new(cuda, rows, 8, Numbers.Normal(rows * 8, 2));
        using GuardedMatrix dw = new(cuda, Width, 8, new double[Width * 8]);
        using GuardedMatrix dbias = new(cuda, 1, Width, new double[Width]);
        Add(cuda, dy, x, dw, dbias);
        Add(cuda, dy, x, dw, dbias);
        cuda.FinishGradients();
        cuda.FinishGradients();
        Assert.All(dbias.Values, sum => Assert.Equal(2 * rows, sum));
    }

    [Fact]
    public void A_graph_that_keeps_sums_back_is_refused()
    {
        const int rows = 5;
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using GuardedMatrix dy = new(cuda, rows, Width, new double[rows * Width]);
        using GuardedMatrix x = new(cuda, rows, 8, new double[rows * 8]);
        using GuardedMatrix dw = new(cuda, Width, 8, new double[Width * 8]);
        using GuardedMatrix dbias = new(cuda, 1, Width, new double[Width]);
        GraphKey key = new(this, "test", 1, rows, rows, dy.Matrix.Address, x.Matrix.Address);
        Assert.Throws<InvalidOperationException>(() => cuda.RunGraph(key, () => Add(cuda, dy, x, dw, dbias)));
    }

    static void Add(IBackend backend, Matrix dy, Matrix x, Matrix dw, Matrix dbias) =>
        backend.LinearBackwardWeight(dy, x, accumulate: true, dw, dbias);
}
