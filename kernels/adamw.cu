// AdamW, gradient clipping and the exponential moving average (EMA) of the weights, in one pass.
// For each element, with g = clip scale · gradient, η = learning rate, t = step, β₁ = 0.9, β₂ = 0.999, ε = 1e-8,
// μ = EMA decay:
//
//   ema = μ ema + (1 - μ) θ, in chunks with HasEma;  θ = θ (1 - η decay), in chunks with HasDecay
//   m = β₁ m + (1 - β₁) g;  v = β₂ v + (1 - β₂) g²;  θ = θ - η (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)
//
// and the bf16 copies of θ and ema, unless their pointers are null. ema may be null. Does nothing once a step was not
// finite. Arenas are fp32 in one layout; chunks [C,3]: first element, number of elements, flags. One block per chunk.
//
// The time is that of the bytes: gradients of rows that are not touched, which are 0, are not read; m and v that are
// and remain 0, as those of words that no batch has had, are not stored, nor are θ, ema and their copies where they
// keep their value.
#include "common.cuh"
#include "stepstate.cuh"
#include "touchedrows.cuh"

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

__device__ __forceinline__ bool is_zero(const float (&values)[4])
{
    uint32_t bits = 0;
#pragma unroll
    for (int k = 0; k < 4; k++) bits |= __float_as_uint(values[k]);
    return bits == 0;
}

// Stores four elements and their bf16 copy, which may be null, unless they keep their values.
__device__ __forceinline__ void store_if_changed(
    float* target, bf16* copy, long long i, const float (&old)[4], const float (&values)[4])
{
    uint32_t difference = 0;
#pragma unroll
    for (int k = 0; k < 4; k++) difference |= __float_as_uint(old[k]) ^ __float_as_uint(values[k]);
    if (difference == 0) return;
    store(target + i, values);
    if (copy != nullptr) store_bf16(copy + i, values);
}

// ema = μ ema + (1 - μ) θ, for four elements from i on.
__device__ __forceinline__ void update_ema(
    const float (&theta)[4], float ema_decay, float* ema, bf16* bf16_ema, long long i)
{
    float old[4];
    float values[4];
    load(ema + i, old);
#pragma unroll
    for (int k = 0; k < 4; k++) values[k] = fmaf(ema_decay, old[k], (1 - ema_decay) * theta[k]);
    store_if_changed(ema, bf16_ema, i, old, values);
}

// The factors of one step and chunk.
struct Factors
{
    float clip_scale;
    float decay;      // 1 - η decay; 1 in a chunk that does not decay
    float step_size;  // η / (1 - β₁ᵗ)
    float v_scale;    // 1 / √(1 - β₂ᵗ)
};

// Computes the factors for a block; one thread for each pow in double, which is long.
__device__ __forceinline__ Factors step_factors(StepState state, float decay)
{
    __shared__ float step_size;
    __shared__ float v_scale;
    double t = state.counters->step;
    float learning_rate = state.scalars->learning_rate;
    if (threadIdx.x == 0) step_size = static_cast<float>(learning_rate / (1 - pow(Beta1, t)));
    if (threadIdx.x == WarpSize) v_scale = static_cast<float>(1 / sqrt(1 - pow(Beta2, t)));
    __syncthreads();
    return {state.scalars->clip_scale, 1 - learning_rate * decay, step_size, v_scale};
}

// Fused by name: which multiplication the compiler would fuse depends on the code around it.
__device__ __forceinline__ void update(const Factors& factors, float gradient, float& theta, float& m, float& v)
{
    float g = gradient * factors.clip_scale;
    m = fmaf(static_cast<float>(1 - Beta1), g, static_cast<float>(Beta1) * m);
    v = fmaf(static_cast<float>(Beta2), v, static_cast<float>(1 - Beta2) * (g * g));
    float divisor = fmaf(sqrtf(v), factors.v_scale, Epsilon);
    theta = fmaf(factors.decay, theta, -(factors.step_size * m / divisor));
}

extern "C" __global__ void __launch_bounds__(256) adamw_update(
    const float* gradients, const int* chunks, TouchedRows touched, float decay, float ema_decay, StepState state,
    float* parameters, float* m, float* v, float* ema, bf16* bf16_parameters, bf16* bf16_ema)
{
    if (state.counters->not_finite_step != 0) return;
    int start = chunks[3 * blockIdx.x];
    int length = chunks[3 * blockIdx.x + 1];
    int flags = chunks[3 * blockIdx.x + 2];
    bool has_touched_rows = touched.covers(start);

    Factors factors = step_factors(state, flags & HasDecay ? decay : 0.0f);
    for (long long i = start + threadIdx.x * 4; i < start + length; i += blockDim.x * 4)
    {
        float g[4] = {};
        float old_theta[4];
        float m_values[4];
        float v_values[4];
        if (!has_touched_rows || touched.contains(i)) load(gradients + i, g);
        load(parameters + i, old_theta);
        load(m + i, m_values);
        load(v + i, v_values);
        if (ema != nullptr && (flags & HasEma)) update_ema(old_theta, ema_decay, ema, bf16_ema, i);
        float theta[4] = {old_theta[0], old_theta[1], old_theta[2], old_theta[3]};
        if (is_zero(g) && is_zero(m_values) && is_zero(v_values))
        {
#pragma unroll
            for (int k = 0; k < 4; k++) theta[k] *= factors.decay;
        }
        else
        {
#pragma unroll
            for (int k = 0; k < 4; k++) update(factors, g[k], theta[k], m_values[k], v_values[k]);
            store(m + i, m_values);
            store(v + i, v_values);
        }
        store_if_changed(parameters, bf16_parameters, i, old_theta, theta);
    }
}
