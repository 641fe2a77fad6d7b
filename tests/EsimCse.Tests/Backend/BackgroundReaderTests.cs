using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Backend;

public class BackgroundReaderTests
{
    const int Columns = 64, Rounds = 8;

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Another_thread_reads_what_the_marked_work_wrote_while_later_work_is_queued(string name)
    {
        using IBackend backend = Backends.Create(name);
        using GuardedMatrix x = new(backend, 1, Columns, Numbers.Normal(Columns, 1));
        using GuardedMatrix later = new(backend, 1, Columns);
        using IBackgroundReader reader = backend.CreateBackgroundReader();
        float[] expected = [.. x.Floats.Select(MathF.Tanh)];
        for (int round = 0; round < Rounds; round++)
        {
            using GuardedMatrix y = new(backend, 1, Columns);
            backend.TanhForward(x, y);
            reader.Mark();
            float[] read = new float[Columns];
            Thread thread = new(() => reader.Read(y, read.AsSpan()));
            thread.Start();
            backend.TanhForward(y, later);
            thread.Join();
            for (int i = 0; i < Columns; i++) Assert.Equal(expected[i], read[i], 1e-6f);
        }
    }
}
