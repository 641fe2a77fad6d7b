using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void Schedule(float learningRate, int steps, StepState state)
    {
        int step = ++Integers(state.Counters)[StepState.Step];
        Floats(state.Scalars)[StepState.LearningRate] = (float)(learningRate * Math.Max(0, 1 - (step - 1) / (double)steps));
    }
}
