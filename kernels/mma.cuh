// Tensor cores of sm_80 and later: one function per PTX instruction (ldmatrix, mma.m16n8k16), each with the same
// meaning in plain C++ for the software device.
//
// A lane holds the same elements of every [16,16] matrix, fragment_row(i) and fragment_column(i) for i = 0 … 7:
//   A [16,16], 16 bit: register r has elements 2r and 2r + 1.
//   C [16,8], fp32: elements 0 … 3; two of them make a [16,16], see Accumulator.
//   B [16,8], 16 bit: as A of the transposed matrix [8,16]; registers 0 and 1 are A's 0 and 2.
#pragma once
#include "common.cuh"
#include "shared.cuh"

__device__ __forceinline__ int fragment_row(int i) { return threadIdx.x % WarpSize / 4 + i / 2 % 2 * 8; }

__device__ __forceinline__ int fragment_column(int i) { return i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2; }

// The lane's place among the four that hold the same rows.
__device__ __forceinline__ int lane_in_row() { return threadIdx.x % 4; }

// The product [16,16] of a warp in fp32: two C matrices next to each other.
struct Accumulator
{
    float c[2][4];

    __device__ __forceinline__ float& operator[](int i) { return c[i / 4][i % 4]; }
    __device__ __forceinline__ float operator[](int i) const { return c[i / 4][i % 4]; }
};

__device__ __forceinline__ Accumulator all_ones() { return {{{1, 1, 1, 1}, {1, 1, 1, 1}}}; }

// The element of a block [16,16] of 16-bit elements whose address a lane gives to load_matrices or load_transposed. By
// columns: the 8x8 matrices at (0,0), (8,0), (0,8), (8,8), the order of A's registers. By rows: (0,0), (0,8), (8,0),
// (8,8).
__device__ __forceinline__ int matrices_by_columns(int stride)
{
    int lane = threadIdx.x % WarpSize;
    return lane % 16 * stride + lane / 16 * 8;
}

__device__ __forceinline__ int matrices_by_rows(int stride)
{
    int lane = threadIdx.x % WarpSize;
    return (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 8;
}

#ifndef SOFTCUDA
// Loads four 8x8 matrices from shared memory: lanes 8i to 8i + 7 give the addresses of the rows of matrix i.
__device__ __forceinline__ void load_matrices(uint32_t (&matrix)[4], SharedAddress row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3])
                 : "r"(row.bytes)
                 : "memory");
}

// Loads four 8x8 matrices from shared memory, each transposed.
__device__ __forceinline__ void load_transposed(uint32_t (&matrix)[4], SharedAddress row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3])
                 : "r"(row.bytes)
                 : "memory");
}

// c += a b.
template <class T>
__device__ __forceinline__ void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);

template <>
__device__ __forceinline__ void multiply_add<bf16>(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
template <>
__device__ __forceinline__ void multiply_add<f16>(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#else
// The row of 16-bit elements whose address the lane gave.
inline const uint16_t* matrix_row(int lane, int slot)
{
    return *static_cast<const uint16_t* const*>(simt_shared_by(lane, slot));
}

inline uint32_t join_halves(uint16_t low, uint16_t high) { return low | static_cast<uint32_t>(high) << 16; }

inline void load_matrices(uint32_t (&matrix)[4], SharedAddress row)
{
    int slot = simt_share(&row.elements, sizeof row.elements);
    for (int i = 0; i < 4; i++)
    {
        const uint16_t* elements = matrix_row(8 * i + fragment_row(0), slot);
        matrix[i] = join_halves(elements[fragment_column(0)], elements[fragment_column(1)]);
    }
}

inline void load_transposed(uint32_t (&matrix)[4], SharedAddress row)
{
    int slot = simt_share(&row.elements, sizeof row.elements);
    for (int i = 0; i < 4; i++)
    {
        uint16_t low = matrix_row(8 * i + fragment_column(0), slot)[fragment_row(0)];
        uint16_t high = matrix_row(8 * i + fragment_column(1), slot)[fragment_row(0)];
        matrix[i] = join_halves(low, high);
    }
}

// Element (row, column) of the A [16,16] in four of the words that the lanes shared: the inverse of the fragment map.
template <class T> inline float shared_element(int row, int column, int first_word, int slot)
{
    int lane = row % 8 * 4 + column % 8 / 2;
    int word = first_word + row / 8 + column / 8 * 2;
    uint32_t pair = static_cast<const uint32_t*>(simt_shared_by(lane, slot))[word];
    return to_float(T{static_cast<uint16_t>(pair >> 16 * (column % 2))});
}

template <class T> inline void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    // B as A of its transpose: the registers of its rows 8 … 15 stay empty.
    const uint32_t words[8] = {a[0], a[1], a[2], a[3], b0, 0, b1, 0};
    int slot = simt_share(words, sizeof words);
    for (int i = 0; i < 4; i++)
    {
        int row = fragment_row(i);
        int column = fragment_column(i);
        float sum = 0;
        for (int k = 0; k < 16; k++)
            sum += shared_element<T>(row, k, 0, slot) * shared_element<T>(column, k, 4, slot);
        c[i] += sum;
    }
}
#endif
