// Tensor cores of sm_80 and later, one function an instruction, and beside each the same in plain C++. Lanes by the PTX manual (ldmatrix; mma.m16n8k16):
// lane l has group g = l / 4 and place t = l % 4. An 8x8 matrix of 16-bit elements: row g, columns 2t and 2t+1; transposed: rows 2t and 2t+1, column g.
// A [16,16]: registers 0 to 3 are its matrices at (0,0), (8,0), (0,8), (8,8). B [16,8]: registers 0 and 1 are rows 2t, 2t+1 and 2t+8, 2t+9 of column g.
// C [16,8] in fp32: elements 0, 1 are columns 2t, 2t+1 of row g, elements 2, 3 of row g + 8.
#pragma once
#include "common.cuh"

#ifndef SOFTCUDA
__device__ __forceinline__ uint32_t shared_address(const void* pointer)
{
    uint32_t address;
    asm("{ .reg .u64 wide; cvta.to.shared.u64 wide, %1; cvt.u32.u64 %0, wide; }" : "=r"(address) : "l"(pointer));
    return address;
}

// Four 8x8 matrices from shared memory: lanes 8i to 8i+7 give the addresses of the rows of matrix i.
__device__ __forceinline__ void load_matrices(uint32_t (&matrix)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3]) : "r"(shared_address(row)) : "memory");
}

__device__ __forceinline__ void load_transposed(uint32_t (&matrix)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3]) : "r"(shared_address(row)) : "memory");
}

// c += a b.
template <class T> __device__ __forceinline__ void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
template <> __device__ __forceinline__ void multiply_add<bf16>(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
template <> __device__ __forceinline__ void multiply_add<f16>(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#else
inline void load_matrices(uint32_t (&matrix)[4], const void* row)
{
    int group = simt_lane() / 4, place = simt_lane() % 4, slot = simt_share(&row, sizeof row);
    for (int i = 0; i < 4; i++) matrix[i] = static_cast<const uint32_t*>(*static_cast<const void* const*>(simt_shared_by(8 * i + group, slot)))[place];
}

inline void load_transposed(uint32_t (&matrix)[4], const void* row)
{
    int group = simt_lane() / 4, place = simt_lane() % 4, slot = simt_share(&row, sizeof row);
    for (int i = 0; i < 4; i++)
    {
        auto element = [&](int of) { return static_cast<uint32_t>(static_cast<const uint16_t*>(*static_cast<const void* const*>(simt_shared_by(8 * i + of, slot)))[group]); };
        matrix[i] = element(2 * place) | element(2 * place + 1) << 16;
    }
}

template <class T> inline void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    const uint32_t mine[6] = {a[0], a[1], a[2], a[3], b0, b1};
    int group = simt_lane() / 4, place = simt_lane() % 4, slot = simt_share(mine, sizeof mine);
    auto element = [](uint32_t word, int half) { return to_float(T{static_cast<uint16_t>(word >> 16 * half)}); };
    for (int i = 0; i < 4; i++)
    {
        float sum = 0;
        for (int k = 0; k < 16; k++)
        {
            const uint32_t* left = static_cast<const uint32_t*>(simt_shared_by(4 * group + k % 8 / 2, slot));
            const uint32_t* right = static_cast<const uint32_t*>(simt_shared_by(4 * (2 * place + i % 2) + k % 8 / 2, slot));
            sum += element(left[i / 2 + 2 * (k / 8)], k % 2) * element(right[4 + k / 8], k % 2);
        }
        c[i] += sum;
    }
}
#endif
