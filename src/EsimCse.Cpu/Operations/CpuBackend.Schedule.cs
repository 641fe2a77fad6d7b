using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Schedule(
        LearningRateSchedule schedule, float learningRate, int warmup, int steps, StepState state)
    {
        int done = Integers(state.Counters)[StepState.Step]++;
        double factor = Factor(schedule, done, warmup, steps);
        Floats(state.Scalars)[StepState.LearningRate] = (float)(learningRate * factor);
    }

    static double Factor(LearningRateSchedule schedule, int done, int warmup, int steps)
    {
        if (done < warmup) return done / (double)warmup;
        if (schedule == LearningRateSchedule.Constant) return 1;
        double progress = (done - warmup) / (double)(steps - warmup);
        if (!(progress < 1)) return 0;
        return schedule == LearningRateSchedule.Linear ? 1 - progress : (1 + double.CosPi(progress)) / 2;
    }
}
