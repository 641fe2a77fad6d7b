// For each element, with g = clip scale · gradient, η = learning rate, t = step, β₁ = 0.9, β₂ = 0.999, ε = 1e-8:
//
//   average = μ average + (1 - μ) θ, where the chunk is averaged;  θ = θ (1 - η decay), where the chunk decays
//   m = β₁ m + (1 - β₁) g;  v = β₂ v + (1 - β₂) g²;  θ = θ - η (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)
//
// and bf16 copies of θ and of the average, where they are wanted. Nothing happens once a step was marked as not finite. Arenas fp32 in one layout; chunks [C,3]:
// first element, number of elements, flags (1 decays, 2 averaged). A block a chunk.
#include "common.cuh"
#include "stepstate.cuh"

constexpr int Decays = 1, Averaged = 2;

__device__ __forceinline__ void store_shadow(bf16* target, const float (&values)[4])
{
    *reinterpret_cast<uint2*>(target) = make_uint2(to_bf16_bits(values[0]) | static_cast<uint32_t>(to_bf16_bits(values[1])) << 16,
        to_bf16_bits(values[2]) | static_cast<uint32_t>(to_bf16_bits(values[3])) << 16);
}

extern "C" __global__ void __launch_bounds__(256) adamw_update(const float* gradients, const int* chunks, float decay, float momentum, StepState state,
    float* parameters, float* first, float* second, float* average, bf16* shadow, bf16* average_shadow)
{
    if (state.counters->not_finite_step != 0) return;
    int start = chunks[3 * blockIdx.x], length = chunks[3 * blockIdx.x + 1], flags = chunks[3 * blockIdx.x + 2];
    float rate = static_cast<float>(state.scalars->learning_rate / (1 - pow(0.9, static_cast<double>(state.counters->step)))), clip = state.scalars->clip_scale;
    float second_scale = static_cast<float>(1 / sqrt(1 - pow(0.999, static_cast<double>(state.counters->step)))), left = flags & Decays ? 1 - state.scalars->learning_rate * decay : 1.0f;
    for (long long i = start + threadIdx.x * 4; i < start + length; i += blockDim.x * 4)
    {
        float g[4], p[4], m[4], v[4], a[4];
        load(gradients + i, g);
        load(parameters + i, p);
        load(first + i, m);
        load(second + i, v);
        if (average != nullptr && (flags & Averaged))
        {
            load(average + i, a);
#pragma unroll
            for (int k = 0; k < 4; k++) a[k] = momentum * a[k] + (1 - momentum) * p[k];
            store(average + i, a);
            if (average_shadow != nullptr) store_shadow(average_shadow + i, a);
        }
#pragma unroll
        for (int k = 0; k < 4; k++)
        {
            g[k] *= clip;
            m[k] = 0.9f * m[k] + static_cast<float>(1 - 0.9) * g[k];
            v[k] = 0.999f * v[k] + static_cast<float>(1 - 0.999) * (g[k] * g[k]);
            p[k] = left * p[k] - rate * m[k] / (sqrtf(v[k]) * second_scale + 1e-8f);
        }
        store(parameters + i, p);
        store(first + i, m);
        store(second + i, v);
        if (shadow != nullptr) store_shadow(shadow + i, p);
    }
}
