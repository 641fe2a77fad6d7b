using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Schedule(float learningRate, int steps, StepState state)
    {
        int step = ++Integers(state.Counters)[StepState.Step];
        double remaining = Math.Max(0, 1 - (step - 1) / (double)steps);
        Floats(state.Scalars)[StepState.LearningRate] = (float)(learningRate * remaining);
    }
}
