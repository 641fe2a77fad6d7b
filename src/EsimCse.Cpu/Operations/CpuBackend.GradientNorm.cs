using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void GradientNorm(
        Matrix gradients, Matrix chunks, TouchedRows touched, float maximum, Matrix partials, StepState state)
    {
        _pool.For(chunks.Rows, 4, (from, to) =>
        {
            for (int index = from; index < to; index++)
            {
                Span<float> chunk = Chunk(gradients, chunks, index);
                Floats(partials)[index] = VectorMath.Dot(chunk, chunk);
            }
        });
        double sum = 0;
        for (int index = 0; index < chunks.Rows; index++) sum += Floats(partials)[index];
        float norm = (float)Math.Sqrt(sum);

        float* scalars = Floats(state.Scalars);
        scalars[StepState.GradientNorm] = norm;
        scalars[StepState.ClipScale] = MathF.Min(1, maximum / (norm + 1e-6f));

        int* counters = Integers(state.Counters);
        bool isFinite = float.IsFinite(norm) && float.IsFinite(scalars[StepState.Loss]);
        if (!isFinite && counters[StepState.NotFiniteStep] == 0)
            counters[StepState.NotFiniteStep] = counters[StepState.Step];
    }
}
