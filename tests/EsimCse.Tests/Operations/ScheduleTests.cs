using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ScheduleTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_learning_rate_follows_its_schedule(string device)
    {
        foreach (LearningRateSchedule schedule in Enum.GetValues<LearningRateSchedule>())
            foreach (int warmup in new[] { 0, 1, 3, 6 }) CheckRates(device, schedule, warmup);
    }

    static void CheckRates(string device, LearningRateSchedule schedule, int warmup)
    {
        const float initial = 3e-5f;
        const int steps = 7;
        Tolerance rounding = new(1e-20, 1e-6, "one rounding to fp32; a cosine that is 0 to 1e-16");
        using IBackend backend = Backends.Create(device);
        using TrainingState state = new(backend);
        for (int step = 1; step <= steps + 2; step++)
        {
            backend.Schedule(schedule, initial, warmup, steps, state);
            Assert.Equal([step, 0, 0, 0, 0], state.Counters.Integers);
            double expected = Schedule.Rate(schedule, initial, warmup, step, steps);
            rounding.Check([0, expected, 0, 0, 0], state.Scalars.Values);
        }
    }
}
