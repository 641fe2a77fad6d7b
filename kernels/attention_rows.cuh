// The prologue of the attention kernels: a block's sentence and head, and that head's rows in every matrix.
//
// Grid: x sentences, y heads. Kernels that call is_padding_block have one more block in x.
#pragma once
#include "common.cuh"

// Rows of a matrix: row i begins at data + i · stride.
template <class T> struct Rows
{
    T* data;
    int stride;

    __device__ __forceinline__ T* operator[](int row) const { return data + static_cast<long long>(row) * stride; }
};

// One head, `size` columns wide, of a sentence of n tokens, the first of which is row `first` of the batch.
struct HeadRows
{
    int sentence;
    int head;
    int size;
    int hidden;
    int first;
    int n;

    __device__ __forceinline__ HeadRows(const int* offsets, int size) : size(size)
    {
        sentence = blockIdx.x;
        head = blockIdx.y;
        hidden = gridDim.y * size;
        first = offsets[sentence];
        n = offsets[sentence + 1] - first;
    }

    // The head's rows in a matrix [T, parts · hidden], in the columns of one of the parts.
    template <class T> __device__ __forceinline__ Rows<T> rows(T* matrix, int parts = 1, int part = 0) const
    {
        long long start = static_cast<long long>(first) * parts * hidden + head * size;
        return {matrix + start + part * hidden, parts * hidden};
    }

    // The index of query i and key j in the dropout mask [heads, n, n] of the sentence.
    __device__ __forceinline__ uint32_t mask_element(int i, int j = 0) const
    {
        return (static_cast<uint32_t>(head) * n + i) * n + j;
    }
};

// qkv [T,3H], context [T,H], log_sum_exp [A,T].
template <class T> struct ForwardRows : HeadRows
{
    Rows<const T> q;
    Rows<const T> k;
    Rows<const T> v;
    Rows<T> o;

    __device__ __forceinline__ ForwardRows(const T* qkv, const int* offsets, int size, T* context)
        : HeadRows(offsets, size)
    {
        q = rows(qkv, 3, 0);
        k = rows(qkv, 3, 1);
        v = rows(qkv, 3, 2);
        o = rows(context);
    }
};

// dcontext, context [T,H]; qkv, dqkv [T,3H]; log_sum_exp [A,T]. Without context there is no o.
template <class T> struct BackwardRows : HeadRows
{
    Rows<const T> q;
    Rows<const T> k;
    Rows<const T> v;
    Rows<const T> o;
    Rows<const T> dout;
    Rows<T> dq;
    Rows<T> dk;
    Rows<T> dv;
    const float* lse;

    __device__ __forceinline__ BackwardRows(const T* dcontext, const T* qkv, const float* log_sum_exp,
        const int* offsets, int size, T* dqkv, int tokens) : HeadRows(offsets, size), o{}
    {
        q = rows(qkv, 3, 0);
        k = rows(qkv, 3, 1);
        v = rows(qkv, 3, 2);
        dout = rows(dcontext);
        dq = rows(dqkv, 3, 0);
        dk = rows(dqkv, 3, 1);
        dv = rows(dqkv, 3, 2);
        lse = log_sum_exp + static_cast<long long>(head) * tokens + first;
    }

    __device__ __forceinline__ BackwardRows(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp,
        const int* offsets, int size, T* dqkv, int tokens)
        : BackwardRows(dcontext, qkv, log_sum_exp, offsets, size, dqkv, tokens)
    {
        o = rows(context);
    }
};

// Whether the block is the one past the last sentence. If it is, and `writes`, it writes zeros to the rows that belong
// to no sentence: to the head's columns in each part of a matrix [tokens, Parts · hidden].
template <int Parts, class T>
__device__ __forceinline__ bool is_padding_block(T* matrix, const int* offsets, int tokens, int size,
    bool writes = true)
{
    constexpr int N = Vector<T>::Length;
    int sentence = blockIdx.x;
    int head = blockIdx.y;
    int hidden = gridDim.y * size;
    int first = offsets[sentence];
    if (sentence != gridDim.x - 1) return false;
    if (!writes) return true;
    int vectors = size / N;
    for (int i = threadIdx.x; i < (tokens - first) * vectors; i += blockDim.x)
    {
        long long row = first + i / vectors;
        T* target = matrix + row * Parts * hidden + head * size + i % vectors * N;
#pragma unroll
        for (int part = 0; part < Parts; part++)
            *reinterpret_cast<uint4*>(target + part * hidden) = make_uint4(0, 0, 0, 0);
    }
    return true;
}
