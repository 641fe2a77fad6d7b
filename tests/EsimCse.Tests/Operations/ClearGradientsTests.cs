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
        backend.ClearGradients(chunks, arena);
        Assert.Equal(ClearGradients.Compute(before, Chunks), arena.Values);
    }
}
