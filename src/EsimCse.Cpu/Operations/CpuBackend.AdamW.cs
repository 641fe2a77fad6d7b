using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    const double Beta1 = 0.9;
    const double Beta2 = 0.999;
    const float AdamEpsilon = 1e-8f;

    /// <inheritdoc/>
    public void AdamWUpdate(
        Matrix gradients, Matrix chunks, TouchedRows touched, float decay, float emaDecay, StepState state,
        Matrix parameters, Matrix m, Matrix v, Matrix ema, Matrix bf16Weights, Matrix bf16Ema)
    {
        if (Integers(state.Counters)[StepState.NotFiniteStep] != 0) return;
        AdamWScalars scalars = AdamWScalars.From(state, decay);
        _pool.For(chunks.Rows, 4, (from, to) =>
        {
            if (VectorMath.HasWideRegisters) UpdateChunks<OneRegister>(from, to);
            else UpdateChunks<TwoRegisters>(from, to);
        });

        void UpdateChunks<T>(int from, int to) where T : unmanaged, ILanes<T>
        {
            for (int index = from; index < to; index++)
            {
                int flags = Integers(chunks)[index * ParameterChunk.Columns + 2];
                Span<float> theta = Chunk(parameters, chunks, index);
                if (ema.IsPresent && (flags & ParameterChunk.Ema) != 0)
                {
                    UpdateEma<T>(theta, emaDecay, Chunk(ema, chunks, index));
                    if (bf16Ema.IsPresent) CastChunk(ema, bf16Ema, chunks, index);
                }
                float decayFactor = (flags & ParameterChunk.Decays) != 0 ? 1 - scalars.Decay : 1;
                Span<float> gradient = Chunk(gradients, chunks, index);
                AdamW<T>(gradient, theta, Chunk(m, chunks, index), Chunk(v, chunks, index), decayFactor, scalars);
                if (bf16Weights.IsPresent) CastChunk(parameters, bf16Weights, chunks, index);
            }
        }
    }

    static void UpdateEma<T>(ReadOnlySpan<float> theta, float emaDecay, Span<float> ema)
        where T : unmanaged, ILanes<T>
    {
        T decay = T.Create(emaDecay);
        T rest = T.Create(1 - emaDecay);
        for (int i = 0; i < ema.Length; i += ILanes<T>.Count)
            VectorMath.Store(decay * VectorMath.Load<T>(ema, i) + rest * VectorMath.Load<T>(theta, i), ema, i);
    }

    static void AdamW<T>(ReadOnlySpan<float> gradient, Span<float> theta, Span<float> firstMoment,
        Span<float> secondMoment, float decayFactor, AdamWScalars scalars)
        where T : unmanaged, ILanes<T>
    {
        T beta1 = T.Create((float)Beta1);
        T beta2 = T.Create((float)Beta2);
        T rest1 = T.Create((float)(1 - Beta1));
        T rest2 = T.Create((float)(1 - Beta2));
        for (int i = 0; i < theta.Length; i += ILanes<T>.Count)
        {
            T g = T.Create(scalars.ClipScale) * VectorMath.Load<T>(gradient, i);
            T m = beta1 * VectorMath.Load<T>(firstMoment, i) + rest1 * g;
            T v = beta2 * VectorMath.Load<T>(secondMoment, i) + rest2 * (g * g);
            VectorMath.Store(m, firstMoment, i);
            VectorMath.Store(v, secondMoment, i);
            T divisor = T.SquareRoot(v) * T.Create(scalars.VScale) + T.Create(AdamEpsilon);
            T decayed = T.Create(decayFactor) * VectorMath.Load<T>(theta, i);
            VectorMath.Store(decayed - T.Create(scalars.Rate) * m / divisor, theta, i);
        }
    }

    /// <summary>Numbers of one step.</summary>
    /// <param name="ClipScale">Factor of the gradients.</param>
    /// <param name="Decay">Learning rate · weight decay.</param>
    /// <param name="Rate">Learning rate / (1 − β₁ᵗ).</param>
    /// <param name="VScale">1 / √(1 − β₂ᵗ).</param>
    readonly record struct AdamWScalars(float ClipScale, float Decay, float Rate, float VScale)
    {
        public static AdamWScalars From(StepState state, float decay)
        {
            int step = Integers(state.Counters)[StepState.Step];
            float* scalars = Floats(state.Scalars);
            float learningRate = scalars[StepState.LearningRate];
            return new AdamWScalars(
                scalars[StepState.ClipScale],
                learningRate * decay,
                (float)(learningRate / (1 - Math.Pow(Beta1, step))),
                (float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, step))));
        }
    }
}
