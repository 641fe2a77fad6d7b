using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ClearGradientsTests
{
    // first element, number of elements, flags
    static readonly int[] Chunks =
    [
        0, 512, 0, 516, 4, 3, 600, 100, 1, 700, 60, ParameterChunk.Overwritten, 760, 40, ParameterChunk.Overwritten | 3,
    ];

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Chunks_become_zero_unless_they_are_overwritten_and_gaps_keep_their_values(string device)
    {
        using IBackend backend = Backends.Create(device);
        double[] before = Numbers.Normal(808, 1);
        using GuardedMatrix arena = new(backend, 1, 808, before);
        int count = Chunks.Length / ParameterChunk.Columns;
        using GuardedMatrix chunks = new(backend, count, ParameterChunk.Columns, Chunks);
        backend.ClearGradients(chunks, touched: default, arena);
        Assert.Equal(ClearGradients.Compute(before, Chunks), arena.Values);
    }

    // Rows of 24 elements from element 8 on, which chunks cut, and a tensor that is no table.
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Of_a_table_with_touched_rows_those_and_their_flags_become_zero(string device)
    {
        const int first = 8, columns = 24;
        int[] flags = [0, 1, 0, 0, 1, 1, 0, 0, 0, 1];
        using IBackend backend = Backends.Create(device);
        double[] before = Numbers.Normal(400, 1);
        using GuardedMatrix arena = new(backend, 1, 400, before);
        using GuardedMatrix chunks = new(
            backend, 4, ParameterChunk.Columns, [first, 100, 0, 108, 100, 0, 208, 40, 0, 300, 60, 0]);
        using GuardedMatrix touched = new(backend, 1, flags.Length, flags);
        double[] expected = ClearGradients.Compute(before, [300, 60, 0]);
        foreach ((int row, int flag) in flags.Index())
            if (flag == 1) expected.AsSpan(first + row * columns, columns).Clear();

        backend.ClearGradients(chunks, new TouchedRows(touched, first, columns), arena);
        Assert.Equal(expected.Select(value => (double)(float)value), arena.Values);
        Assert.All(touched.Integers, flag => Assert.Equal(0, flag));
    }
}
