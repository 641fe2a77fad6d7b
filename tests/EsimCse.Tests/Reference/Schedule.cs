using EsimCse.Core.Backend;

namespace EsimCse.Tests.Reference;

static class Schedule
{
    /// <summary>
    /// Computes the learning rate of a step from 1 on: it rises linearly from 0 over the warm-up, then follows the
    /// schedule down to 0 after `steps`.
    /// </summary>
    public static double Rate(LearningRateSchedule schedule, double initial, int warmup, int step, int steps)
    {
        int done = step - 1;
        if (done < warmup) return initial * done / warmup;
        int left = Math.Max(0, steps - done), falling = steps - warmup;
        return schedule switch
        {
            LearningRateSchedule.Constant => initial,
            LearningRateSchedule.Linear => initial * left / falling,
            _ => initial * (0.5 - 0.5 * Math.Cos(Math.PI * left / falling)),
        };
    }
}
