// Shared by both forms of layer normalization: a vector of columns of z = (x + bias) ∘ mask + residual, y, and
// gradients.
#pragma once
#include "common.cuh"
#include "philox.cuh"

// The draws of a row's mask: those of its sentence, and the element of the first column.
struct RowDraws
{
    Draws sentence;
    uint32_t first;
};

// Returns a row's draws, by a warp whose lanes all pass that row.
__device__ __forceinline__ RowDraws row_draws(
    const Dropout& mask, const int* offsets, int sentences, int row, int columns)
{
    if (!mask.drops()) return {};
    SentenceRow found = find_sentence(offsets, sentences, row);
    return {draws_of(mask, found.sentence), static_cast<uint32_t>(row - found.first) * columns};
}

// values *= mask.
template <int N> __device__ __forceinline__ void apply_dropout(
    const Dropout& mask, const RowDraws& draws, int column, float (&values)[N])
{
    if (mask.drops()) apply_dropout(mask, draws.sentence, draws.first + column, values);
}

template <int N> __device__ __forceinline__ void add(const float (&other)[N], float (&values)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++) values[i] += other[i];
}

template <int N> __device__ __forceinline__ void multiply(const float (&other)[N], float (&values)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++) values[i] *= other[i];
}

// z holds x on entry.
template <int N> __device__ __forceinline__ void add_bias_and_dropout(
    const float* bias, const Dropout& mask, const RowDraws& draws, int column, float (&z)[N])
{
    if (bias != nullptr)
    {
        float values[N];
        load_wide(bias + column, values);
        add(values, z);
    }
    apply_dropout(mask, draws, column, z);
}

// Stores normalized = (z - mean) rstd and y = γ normalized + β; normalized and y are the row's. z holds normalized on
// exit.
template <class T, int N> __device__ __forceinline__ void normalize(
    float mean, float rstd, const float* gamma, const float* beta, T* normalized, T* y, int column, float (&z)[N])
{
    float gamma_values[N];
    float y_values[N];
    load_wide(gamma + column, gamma_values);
    load_wide(beta + column, y_values);
#pragma unroll
    for (int i = 0; i < N; i++)
    {
        z[i] = (z[i] - mean) * rstd;
        y_values[i] = gamma_values[i] * z[i] + y_values[i];
    }
    if (normalized != nullptr) store(normalized + column, z);
    store(y + column, y_values);
}

// g holds dy on entry and γ dy on exit; adds to Σ g and Σ g normalized.
template <int N> __device__ __forceinline__ void sum_g(
    const float (&gamma)[N], const float (&normalized)[N], float (&g)[N], float& sum_g, float& sum_g_normalized)
{
#pragma unroll
    for (int i = 0; i < N; i++)
    {
        g[i] *= gamma[i];
        sum_g += g[i];
        sum_g_normalized += g[i] * normalized[i];
    }
}

// A thread's columns of dγ, dβ and dbias, summed over rows.
template <int N> struct ParameterGradients
{
    float dgamma[N];
    float dbeta[N];
    float dbias[N];

    __device__ __forceinline__ void add_row(const float (&dy)[N], const float (&normalized)[N])
    {
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            dgamma[i] += dy[i] * normalized[i];
            dbeta[i] += dy[i];
        }
    }

    // Stores the sums every `stride` floats.
    __device__ __forceinline__ void store_strided(float* target, int stride) const
    {
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            target[3 * i * stride] = dgamma[i];
            target[(3 * i + 1) * stride] = dbeta[i];
            target[(3 * i + 2) * stride] = dbias[i];
        }
    }

    // Adds sums that store_strided stored.
    __device__ __forceinline__ void add_strided(const float* source, int stride)
    {
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            dgamma[i] += source[3 * i * stride];
            dbeta[i] += source[(3 * i + 1) * stride];
            dbias[i] += source[(3 * i + 2) * stride];
        }
    }

    // partial [3, columns]: a part's dγ, dβ and dbias.
    __device__ __forceinline__ void store_to(float* partial, int columns, bool has_bias) const
    {
        store_wide(partial, dgamma);
        store_wide(partial + columns, dbeta);
        if (has_bias) store_wide(partial + 2 * columns, dbias);
    }
};

// Stores dz = rstd (g - mean g - normalized mean(g normalized)) and dx = dz ∘ mask; dz and dx point to the columns.
// g holds dx on exit, also where dx is null.
template <class T, int N> __device__ __forceinline__ void store_dz_dx(
    float mean_g, float mean_g_normalized, float rstd, const float (&normalized)[N], const Dropout& mask,
    const RowDraws& draws, int column, T* dz, T* dx, float (&g)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++) g[i] = rstd * (g[i] - mean_g - normalized[i] * mean_g_normalized);
    store(dz, g);
    if (dx == nullptr) return;
    apply_dropout(mask, draws, column, g);
    store(dx, g);
}
