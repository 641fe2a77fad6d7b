using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ClearGradientsTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Chunks_become_zero_and_what_lies_between_stays(string device)
    {
        using IBackend backend = Backends.Create(device);
        int[] table = [0, 512, 0, 516, 4, 3, 600, 200, 1];
        double[] before = Numbers.Normal(808, 1);
        using GuardedMatrix arena = new(backend, 1, 808, before), chunks = new(backend, 3, 3, table);
        backend.ClearGradients(chunks, arena);
        Assert.Equal(ClearGradients.Of(before, table), arena.Values);
    }
}
