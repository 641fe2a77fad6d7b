// Attention on tensor cores, for 16-bit types and heads of 32 or 64 columns: the parts that its kernels share.
//
// A block has 64 rows of a head of a sentence, a warp 16 of them; it walks over the sentence's other side (keys for
// queries, queries for keys) in tiles of 64 rows in shared memory. Sums are fp32; probabilities and their gradients are
// rounded to T where they enter a product. Every order is fixed by the sentence's length alone.
#pragma once
#include "attention.cuh"
#include "attention_mma_dropout.cuh"
#include "mma.cuh"

constexpr int TileRows = 64;
constexpr int WarpRows = 16;

// Groups of 16 rows per tile.
constexpr int KeyGroups = TileRows / 16;

// Eight elements of padding per row put the eight rows that an ldmatrix reads into different banks.
template <int D> constexpr int TileStride = D + 8;

template <int D> constexpr int TileSize = TileRows * TileStride<D>;

// The first of the warp's 16 rows in a tile.
__device__ __forceinline__ int first_row_in_tile() { return threadIdx.x / WarpSize * WarpRows; }

// Loads 16 rows, D / 16 vectors of 16 bytes per lane, from global memory; zeros past the sentence's end.
template <class T, int D>
__device__ __forceinline__ void load_rows(const Rows<const T>& rows, int first, int n, uint4 (&words)[D / 16])
{
    constexpr int VectorsPerRow = D / 8;
    int lane = threadIdx.x % WarpSize;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        int row = first + lane / VectorsPerRow + k * (WarpSize / VectorsPerRow);
        int column = lane % VectorsPerRow * 8;
        words[k] = row < n ? *reinterpret_cast<const uint4*>(rows[row] + column) : make_uint4(0, 0, 0, 0);
    }
}

// Stores what load_rows loaded as 16 rows of a tile.
template <class T, int D> __device__ __forceinline__ void store_to_tile(const uint4 (&words)[D / 16], T* rows)
{
    constexpr int VectorsPerRow = D / 8;
    int lane = threadIdx.x % WarpSize;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        int row = lane / VectorsPerRow + k * (WarpSize / VectorsPerRow);
        *reinterpret_cast<uint4*>(rows + row * TileStride<D> + lane % VectorsPerRow * 8) = words[k];
    }
}

// Copies 64 rows to a tile, 16 per warp. A warp whose rows are all past the sentence's end leaves its part of the tile
// as it is: no result depends on it.
template <class T, int D>
__device__ __forceinline__ void load_tile(const Rows<const T>& rows, int first, int n, T* tile)
{
    int row_in_tile = first_row_in_tile();
    if (first + row_in_tile >= n) return;
    uint4 words[D / 16];
    load_rows<T, D>(rows, first + row_in_tile, n, words);
    store_to_tile<T, D>(words, tile + row_in_tile * TileStride<D>);
}

// Loads 16 rows of a tile as A operands: [16,D] in D / 16 fragments.
template <class T, int D> __device__ __forceinline__ void load_a(const T* rows, uint32_t (&a)[D / 16][4])
{
#pragma unroll
    for (int k = 0; k < D / 16; k++) load_matrices(a[k], matrices_by_columns(rows + k * 16, TileStride<D>));
}

// c [16,16] = a · rowsᵀ for 16 rows of a tile.
template <class T, int D>
__device__ __forceinline__ void multiply_transposed(const uint32_t (&a)[D / 16][4], const T* rows, Accumulator& c)
{
#pragma unroll
    for (int i = 0; i < 8; i++) c[i] = 0;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        uint32_t b[4];
        load_matrices(b, matrices_by_rows(rows + k * 16, TileStride<D>));
        multiply_add<T>(c.c[0], a[k], b[0], b[1]);
        multiply_add<T>(c.c[1], a[k], b[2], b[3]);
    }
}

// Rounds a product [16,16] to an A operand; each lane has the same elements of both.
template <class T> __device__ __forceinline__ void round_to_a(const Accumulator& c, uint32_t (&a)[4])
{
#pragma unroll
    for (int i = 0; i < 4; i++) a[i] = to_pair<T>(c[2 * i], c[2 * i + 1]);
}

// c [16,D] += a [16,16] · 16 rows of a tile.
template <class T, int D>
__device__ __forceinline__ void multiply_rows(const uint32_t (&a)[4], const T* rows, float (&c)[D / 8][4])
{
#pragma unroll
    for (int d = 0; d < D / 16; d++)
    {
        uint32_t b[4];
        load_transposed(b, matrices_by_columns(rows + d * 16, TileStride<D>));
        multiply_add<T>(c[2 * d], a, b[0], b[1]);
        multiply_add<T>(c[2 * d + 1], a, b[2], b[3]);
    }
}

// The same with a rounded from fp32.
template <class T, int D>
__device__ __forceinline__ void multiply_rows(const Accumulator& a, const T* rows, float (&c)[D / 8][4])
{
    uint32_t rounded[4];
    round_to_a<T>(a, rounded);
    multiply_rows<T, D>(rounded, rows, c);
}

// Stores c [16,D], a lane's two rows of it scaled, as rows first … first + 15. staging: 16 rows of a tile that no other
// warp uses.
template <class T, int D>
__device__ __forceinline__ void store_rows(const float (&c)[D / 8][4], const float (&scale)[2], T* staging,
    const Rows<T>& target, int first, int n)
{
    __syncwarp();
#pragma unroll
    for (int d = 0; d < D / 8; d++)
    {
        T* element = staging + fragment_row(0) * TileStride<D> + d * 8 + fragment_column(0);
        uint32_t* row = reinterpret_cast<uint32_t*>(element);
        row[0] = to_pair<T>(c[d][0] * scale[0], c[d][1] * scale[0]);
        row[8 * TileStride<D> / 2] = to_pair<T>(c[d][2] * scale[1], c[d][3] * scale[1]);
    }
    __syncwarp();
    for (int i = threadIdx.x % WarpSize; i < WarpRows * (D / 8); i += WarpSize)
    {
        int row = i / (D / 8);
        int column = i % (D / 8) * 8;
        if (first + row >= n) continue;
        uint4 words = *reinterpret_cast<const uint4*>(staging + row * TileStride<D> + column);
        *reinterpret_cast<uint4*>(target[first + row] + column) = words;
    }
}

template <class T, int D>
__device__ __forceinline__ void store_rows(const float (&c)[D / 8][4], T* staging, const Rows<T>& target, int first,
    int n)
{
    const float one[2] = {1, 1};
    store_rows<T, D>(c, one, staging, target, first, n);
}

// The maximum over the four lanes that hold a row of C.
__device__ __forceinline__ float row_max(float value)
{
    value = fmaxf(value, __shfl_xor_sync(AllLanes, value, 1));
    return fmaxf(value, __shfl_xor_sync(AllLanes, value, 2));
}

// The sum over the four lanes that hold a row of C.
__device__ __forceinline__ float row_sum(float value)
{
    value += __shfl_xor_sync(AllLanes, value, 1);
    return value + __shfl_xor_sync(AllLanes, value, 2);
}
