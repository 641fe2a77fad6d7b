// AdamW, gradient clipping and the exponential moving average (EMA) of the weights, in one pass.
// For each element, with g = clip scale · gradient, η = learning rate, t = step, β₁ = 0.9, β₂ = 0.999, ε = 1e-8,
// μ = EMA decay:
//
//   ema = μ ema + (1 - μ) θ, in chunks with HasEma;  θ = θ (1 - η decay), in chunks with HasDecay
//   m = β₁ m + (1 - β₁) g;  v = β₂ v + (1 - β₂) g²;  θ = θ - η (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)
//
// and bf16 copies of θ and ema unless their pointers are null. ema may be null. Does nothing once a step was not
// finite. Arenas are fp32 in one layout; chunks [C,3]: first element, number of elements, flags. One block per chunk.
#include "common.cuh"
#include "stepstate.cuh"

constexpr int HasDecay = 1;
constexpr int HasEma = 2;

constexpr double Beta1 = 0.9;
constexpr double Beta2 = 0.999;
constexpr float Epsilon = 1e-8f;

__device__ __forceinline__ void store_bf16(bf16* target, const float (&values)[4])
{
    uint32_t low = to_bf16_bits(values[0]) | static_cast<uint32_t>(to_bf16_bits(values[1])) << 16;
    uint32_t high = to_bf16_bits(values[2]) | static_cast<uint32_t>(to_bf16_bits(values[3])) << 16;
    *reinterpret_cast<uint2*>(target) = make_uint2(low, high);
}

// ema = μ ema + (1 - μ) θ, for four elements from i on.
__device__ __forceinline__ void update_ema(
    const float (&theta)[4], float ema_decay, float* ema, bf16* bf16_ema, long long i)
{
    float values[4];
    load(ema + i, values);
#pragma unroll
    for (int k = 0; k < 4; k++) values[k] = ema_decay * values[k] + (1 - ema_decay) * theta[k];
    store(ema + i, values);
    if (bf16_ema != nullptr) store_bf16(bf16_ema + i, values);
}

extern "C" __global__ void __launch_bounds__(256) adamw_update(
    const float* gradients, const int* chunks, float decay, float ema_decay, StepState state,
    float* parameters, float* m, float* v, float* ema, bf16* bf16_parameters, bf16* bf16_ema)
{
    if (state.counters->not_finite_step != 0) return;
    int start = chunks[3 * blockIdx.x];
    int length = chunks[3 * blockIdx.x + 1];
    int flags = chunks[3 * blockIdx.x + 2];

    // bias corrections: η / (1 - β₁ᵗ) and 1 / √(1 - β₂ᵗ)
    double t = state.counters->step;
    float step_size = static_cast<float>(state.scalars->learning_rate / (1 - pow(Beta1, t)));
    float clip_scale = state.scalars->clip_scale;
    float v_scale = static_cast<float>(1 / sqrt(1 - pow(Beta2, t)));
    float decay_factor = flags & HasDecay ? 1 - state.scalars->learning_rate * decay : 1.0f;

    for (long long i = start + threadIdx.x * 4; i < start + length; i += blockDim.x * 4)
    {
        float g[4];
        float theta[4];
        float m_values[4];
        float v_values[4];
        load(gradients + i, g);
        load(parameters + i, theta);
        load(m + i, m_values);
        load(v + i, v_values);
        if (ema != nullptr && (flags & HasEma)) update_ema(theta, ema_decay, ema, bf16_ema, i);
#pragma unroll
        for (int k = 0; k < 4; k++)
        {
            g[k] *= clip_scale;
            m_values[k] = static_cast<float>(Beta1) * m_values[k] + static_cast<float>(1 - Beta1) * g[k];
            v_values[k] = static_cast<float>(Beta2) * v_values[k] + static_cast<float>(1 - Beta2) * (g[k] * g[k]);
            theta[k] = decay_factor * theta[k] - step_size * m_values[k] / (sqrtf(v_values[k]) * v_scale + Epsilon);
        }
        store(parameters + i, theta);
        store(m + i, m_values);
        store(v + i, v_values);
        if (bf16_parameters != nullptr) store_bf16(bf16_parameters + i, theta);
    }
}
