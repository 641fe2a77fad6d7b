using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ScheduleTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_learning_rate_falls_to_zero_and_stays_zero(string device)
    {
        const float initial = 3e-5f;
        const int steps = 7;
        Tolerance rounding = new(1e-30, 1e-6, "one rounding to fp32");
        using IBackend backend = Backends.Create(device);
        using TrainingState state = new(backend);
        for (int step = 1; step <= steps + 2; step++)
        {
            backend.Schedule(initial, steps, state);
            Assert.Equal([step, 0, 0, 0], state.Counters.Integers);
            rounding.Check([0, Schedule.Rate(initial, step, steps), 0, 0], state.Scalars.Values);
        }
    }
}
