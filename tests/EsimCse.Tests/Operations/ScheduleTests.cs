using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ScheduleTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_rate_falls_to_zero_and_stays_there(string device)
    {
        using IBackend backend = Backends.Create(device);
        using GuardedMatrix counters = new(backend, 1, 4, new int[4]), scalars = new(backend, 1, 4, new double[4]);
        for (int step = 1; step <= 9; step++)
        {
            backend.Schedule(3e-5f, 7, new StepState(counters, scalars));
            int[] counted = new int[4];
            backend.Download(counters.Matrix, counted.AsSpan());
            Assert.Equal([step, 0, 0, 0], counted);
            new Tolerance(1e-30, 1e-6, "one rounding to fp32").Check([0, Schedule.Rate(3e-5f, step, 7), 0, 0], scalars.Values);
        }
    }
}
