using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void GradientNorm(Matrix gradients, Matrix chunks, float maximum, Matrix partials, StepState state)
    {
        _cores.For(chunks.Rows, 4, new SquareChunks(gradients, chunks, partials));
        double sum = 0;
        for (int index = 0; index < chunks.Rows; index++) sum += Floats(partials)[index];
        float norm = (float)Math.Sqrt(sum);
        float* scalars = Floats(state.Scalars);
        scalars[StepState.GradientNorm] = norm;
        scalars[StepState.ClipScale] = MathF.Min(1, maximum / (norm + 1e-6f));
        int* counters = Integers(state.Counters);
        if (counters[StepState.NotFiniteStep] == 0 && !(float.IsFinite(norm) && float.IsFinite(scalars[StepState.Loss])))
            counters[StepState.NotFiniteStep] = counters[StepState.Step];
    }

    readonly struct SquareChunks(Matrix gradients, Matrix chunks, Matrix partials) : IRangeBody
    {
        public unsafe void Run(int from, int to)
        {
            for (int index = from; index < to; index++)
            {
                Span<float> chunk = Chunk(gradients, chunks, index);
                Floats(partials)[index] = VectorMath.Dot(chunk, chunk);
            }
        }
    }
}
