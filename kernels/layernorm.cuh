// What layer normalisation's two ways over the rows share: a vector of columns of z = (x + bias) ∘ mask + residual, and the places that dropout masks go by.
#pragma once
#include "common.cuh"
#include "philox.cuh"

// A row's sentence and its place in it; both 0 where nothing is dropped.
struct Place { int sentence, row; };

__device__ __forceinline__ Place place_of(const Dropout& mask, const int* offsets, int sentences, int row)
{
    if (!mask.drops()) return {0, 0};
    int sentence = sentence_of(offsets, sentences, row);
    return {sentence, offsets != nullptr ? row - offsets[sentence] : 0};
}

// values ∘ mask.
template <int N> __device__ __forceinline__ void drop(const Dropout& mask, const Place& place, int columns, int column, float (&values)[N])
{
    if (!mask.drops()) return;
    float factors[N];
    dropout_vector(mask, place.sentence, static_cast<uint32_t>(place.row) * columns + column, factors);
#pragma unroll
    for (int i = 0; i < N; i++) values[i] *= factors[i];
}

template <int N> __device__ __forceinline__ void add(const float (&more)[N], float (&values)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++) values[i] += more[i];
}

// From x to z; residual is the row's.
template <class T, int N> __device__ __forceinline__ void complete(const float* bias, const T* residual, const Dropout& mask, const Place& place, int columns, int column, float (&z)[N])
{
    float other[N];
    if (bias != nullptr)
    {
        load_wide(bias + column, other);
        add(other, z);
    }
    drop(mask, place, columns, column, z);
    if (residual == nullptr) return;
    load(residual + column, other);
    add(other, z);
}

// normalized = (z - mean) rstd and y = γ normalized + β, written; normalized and y are the row's.
template <class T, int N> __device__ __forceinline__ void finish(float mean, float scale, const float* gamma, const float* beta, T* normalized, T* y, int column, float (&z)[N])
{
    float slope[N], shift[N];
    load_wide(gamma + column, slope);
    load_wide(beta + column, shift);
#pragma unroll
    for (int i = 0; i < N; i++)
    {
        z[i] = (z[i] - mean) * scale;
        shift[i] = slope[i] * z[i] + shift[i];
    }
    if (normalized != nullptr) store(normalized + column, z);
    store(y + column, shift);
}

// Of a vector of a row: g = γ dy in the place of dy, and what it adds to Σ g and Σ g normalized.
template <int N> __device__ __forceinline__ void slopes(const float (&gamma)[N], const float (&unit)[N], float (&g)[N], float& sum, float& product)
{
#pragma unroll
    for (int i = 0; i < N; i++)
    {
        g[i] *= gamma[i];
        sum += g[i];
        product += g[i] * unit[i];
    }
}

// What a row adds to dγ and dβ, by its dy.
template <int N> __device__ __forceinline__ void add_row(const float (&dy)[N], const float (&unit)[N], float (&gamma_sum)[N], float (&beta_sum)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++)
    {
        gamma_sum[i] += dy[i] * unit[i];
        beta_sum[i] += dy[i];
    }
}

// dz and dx of a vector of a row from g, written to where they point; left in g is dx, which is dz where nothing is dropped.
template <class T, int N> __device__ __forceinline__ void differentiate(float mean, float slope, float scale, const float (&unit)[N], const Dropout& mask, const Place& place,
    int columns, int column, T* dz, T* dx, float (&g)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++) g[i] = scale * (g[i] - mean - unit[i] * slope);
    store(dz, g);
    if (dx == nullptr) return;
    drop(mask, place, columns, column, g);
    store(dx, g);
}

// What a part of the rows adds to dγ, dβ and dbias: [3, columns].
template <int N> __device__ __forceinline__ void store_sums(float* partial, int columns, const float (&gamma_sum)[N], const float (&beta_sum)[N], const float (&bias_sum)[N], bool bias)
{
    store_wide(partial, gamma_sum);
    store_wide(partial + columns, beta_sum);
    if (bias) store_wide(partial + 2 * columns, bias_sum);
}
