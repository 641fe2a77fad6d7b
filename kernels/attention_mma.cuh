// Attention on tensor cores, for 16-bit types and heads of 32 or 64 columns: the parts that its kernels share.
//
// A block has up to 64 rows of a head of a sentence, a warp 16 of them; it walks over the sentence's other side (keys
// for queries, queries for keys) in tiles of as many rows in shared memory. Sums are fp32; probabilities and their
// gradients are rounded to T where they enter a product. exp2_approx is off by 2^-22, a thousandth of that rounding.
// Every order is fixed by the sentence's length alone, and what the compiler could fuse is fused by name: a sentence
// has the same bits in tiles of 32, 48 and 64 rows.
#pragma once
#include "approximations.cuh"
#include "attention.cuh"
#include "attention_mma_dropout.cuh"
#include "mma.cuh"

constexpr int TileRows = 64;
constexpr int WarpRows = 16;

// Groups of 16 rows in the largest tile.
constexpr int MaxGroups = TileRows / WarpRows;

constexpr float Log2E = 1.44269504f;
constexpr float Ln2 = 0.693147181f;

// 1 / √D.
template <int D> constexpr float HeadScale = D == 64 ? 0.125f : 0.176776695f;

// Eight elements of padding per row put the eight rows that an ldmatrix reads into different banks.
template <int D> constexpr int TileStride = D + 8;

template <int D, int Groups = MaxGroups> constexpr int TileSize = Groups * WarpRows * TileStride<D>;

// The first of the warp's 16 rows in a tile.
__device__ __forceinline__ int first_row_in_tile() { return threadIdx.x / WarpSize * WarpRows; }

// Begins to copy 16 rows to a tile, from row `first` on; zeros past the sentence's end. tile_rows: those rows there.
template <class T, int D>
__device__ __forceinline__ void copy_rows(const Rows<const T>& rows, int first, int n, SharedAddress tile_rows)
{
    constexpr int VectorsPerRow = D / 8;
    constexpr int RowsPerStep = WarpSize / VectorsPerRow;
    int lane = threadIdx.x % WarpSize;
    int row = first + lane / VectorsPerRow;
    int column = lane % VectorsPerRow * 8;
    const T* source = rows[row] + column;
    SharedAddress target = tile_rows + (lane / VectorsPerRow * TileStride<D> + column);
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        int step = k * RowsPerStep;
        copy_async(target + step * TileStride<D>, source + step * rows.stride, row + step < n);
    }
}

// Begins to copy a tile's rows, 16 per warp. A warp whose rows are all past the sentence's end leaves its part of the
// tile as it is: no result depends on it.
template <class T, int D>
__device__ __forceinline__ void copy_tile(const Rows<const T>& rows, int first, int n, SharedAddress tile)
{
    int row = first_row_in_tile();
    if (first + row < n) copy_rows<T, D>(rows, first + row, n, tile + row * TileStride<D>);
}

// The addresses that a lane gives to load blocks [16,16] of rows with TileStride<D>; see mma.cuh.
template <int D> __device__ __forceinline__ SharedAddress by_columns(SharedAddress rows)
{
    return rows + matrices_by_columns(TileStride<D>);
}
template <int D> __device__ __forceinline__ SharedAddress by_rows(SharedAddress rows)
{
    return rows + matrices_by_rows(TileStride<D>);
}

// Loads 16 rows, given by_columns, as A operands: [16,D] in D / 16 fragments.
template <int D> __device__ __forceinline__ void load_a(SharedAddress rows, uint32_t (&a)[D / 16][4])
{
#pragma unroll
    for (int k = 0; k < D / 16; k++) load_matrices(a[k], rows + k * 16);
}

// c [16,16] = a · rowsᵀ for 16 rows, given by_rows.
template <class T, int D>
__device__ __forceinline__ void multiply_transposed(
    const uint32_t (&a)[D / 16][4], SharedAddress rows, Accumulator& c)
{
#pragma unroll
    for (int i = 0; i < 8; i++) c[i] = 0;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        uint32_t b[4];
        load_matrices(b, rows + k * 16);
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

// c [16,D] += a [16,16] · 16 rows, given by_columns.
template <class T, int D>
__device__ __forceinline__ void multiply_rows(const uint32_t (&a)[4], SharedAddress rows, float (&c)[D / 8][4])
{
#pragma unroll
    for (int d = 0; d < D / 16; d++)
    {
        uint32_t b[4];
        load_transposed(b, rows + d * 16);
        multiply_add<T>(c[2 * d], a, b[0], b[1]);
        multiply_add<T>(c[2 * d + 1], a, b[2], b[3]);
    }
}

// The same with a rounded from fp32.
template <class T, int D>
__device__ __forceinline__ void multiply_rows(const Accumulator& a, SharedAddress rows, float (&c)[D / 8][4])
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
