using System.Runtime.Intrinsics;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    const double Beta1 = 0.9, Beta2 = 0.999;
    const float AdamEpsilon = 1e-8f;

    /// <inheritdoc/>
    public unsafe void AdamWUpdate(Matrix gradients, Matrix chunks, float decay, float emaDecay, StepState state,
        Matrix parameters, Matrix m, Matrix v, Matrix ema, Matrix bf16Weights, Matrix bf16Ema)
    {
        if (Integers(state.Counters)[StepState.NotFiniteStep] != 0) return;
        int step = Integers(state.Counters)[StepState.Step];
        float* scalars = Floats(state.Scalars);
        _cores.For(chunks.Rows, 4, new UpdateChunks
        {
            Gradients = gradients,
            Chunks = chunks,
            Parameters = parameters,
            First = m,
            Second = v,
            Average = ema,
            Shadow = bf16Weights,
            AverageShadow = bf16Ema,
            AverageMomentum = emaDecay,
            Decay = scalars[StepState.LearningRate] * decay,
            ClipScale = scalars[StepState.ClipScale],
            Rate = (float)(scalars[StepState.LearningRate] / (1 - Math.Pow(Beta1, step))),
            SecondScale = (float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, step))),
        });
    }

    struct UpdateChunks : IRangeBody
    {
        public Matrix Gradients, Chunks, Parameters, First, Second, Average, Shadow, AverageShadow;
        public float AverageMomentum, Decay, ClipScale, Rate, SecondScale;

        public readonly unsafe void Run(int from, int to)
        {
            for (int index = from; index < to; index++)
            {
                int flags = Integers(Chunks)[index * ParameterChunk.Columns + 2];
                Span<float> parameters = Chunk(Parameters, Chunks, index);
                if (Average.IsPresent && (flags & ParameterChunk.Ema) != 0)
                {
                    TakeAverage(parameters, Chunk(Average, Chunks, index));
                    if (AverageShadow.IsPresent) CastChunk(Average, AverageShadow, Chunks, index);
                }
                float keep = (flags & ParameterChunk.Decays) != 0 ? 1 - Decay : 1;
                Update(Chunk(Gradients, Chunks, index), parameters, Chunk(First, Chunks, index), Chunk(Second, Chunks, index), keep);
                if (Shadow.IsPresent) CastChunk(Parameters, Shadow, Chunks, index);
            }
        }

        readonly void TakeAverage(ReadOnlySpan<float> parameters, Span<float> average)
        {
            for (int i = 0; i < average.Length; i += Vector512<float>.Count)
                Store(AverageMomentum * Load(average, i) + (1 - AverageMomentum) * Load(parameters, i), average, i);
        }

        readonly void Update(ReadOnlySpan<float> gradients, Span<float> parameters, Span<float> first, Span<float> second, float keep)
        {
            for (int i = 0; i < parameters.Length; i += Vector512<float>.Count)
            {
                Vector512<float> g = ClipScale * Load(gradients, i);
                Vector512<float> m = (float)Beta1 * Load(first, i) + (float)(1 - Beta1) * g;
                Vector512<float> v = (float)Beta2 * Load(second, i) + (float)(1 - Beta2) * (g * g);
                Store(m, first, i);
                Store(v, second, i);
                Vector512<float> divisor = Vector512.Sqrt(v) * SecondScale + Vector512.Create(AdamEpsilon);
                Store(keep * Load(parameters, i) - Rate * m / divisor, parameters, i);
            }
        }
    }
}
