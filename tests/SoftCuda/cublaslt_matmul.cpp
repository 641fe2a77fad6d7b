// The matrix product: sums in fp32, in a fixed order but for the algorithm that has none.
#include "cublaslt.h"
#include "softcuda.h"
#include <cstring>
#include <vector>

namespace
{
float bf16_to_float(uint16_t bits)
{
    uint32_t word = static_cast<uint32_t>(bits) << 16;
    float value;
    memcpy(&value, &word, 4);
    return value;
}

// Rounds to nearest even.
uint16_t float_to_bf16(float value)
{
    if (value != value) return 0x7FFF;
    uint32_t word;
    memcpy(&word, &value, 4);
    return static_cast<uint16_t>((word + 0x7FFF + (word >> 16 & 1)) >> 16);
}

float load(const void* data, int type, size_t index)
{
    if (type == R32F) return static_cast<const float*>(data)[index];
    uint16_t bits = static_cast<const uint16_t*>(data)[index];
    if (type == R16BF) return bf16_to_float(bits);
    _Float16 half;
    memcpy(&half, &bits, 2);
    return static_cast<float>(half);
}

// op(M) in fp32 as [rows of op, columns of op], the inner index fastest.
std::vector<float> gather(const void* data, const Layout& layout, bool inner_is_row)
{
    std::vector<float> all(layout.rows * layout.columns);
    uint64_t outer = inner_is_row ? layout.columns : layout.rows;
    uint64_t inner = inner_is_row ? layout.rows : layout.columns;
    for (uint64_t i = 0; i < outer; i++)
        for (uint64_t k = 0; k < inner; k++)
        {
            uint64_t index = inner_is_row ? i * layout.leading + k : k * layout.leading + i;
            all[i * inner + k] = load(data, layout.type, index);
        }
    return all;
}

// The sum of x[k] y[k] over `count` terms, as `Lanes` running sums.
template <int Lanes>
float dot(const float* x, const float* y, uint64_t count)
{
    float sums[Lanes] = {};
    float sum = 0;
    uint64_t k = 0;
    for (; k + Lanes <= count; k += Lanes)
        for (int i = 0; i < Lanes; i++) sums[i] += x[k + i] * y[k + i];
    for (; k < count; k++) sum += x[k] * y[k];
    for (float part : sums) sum += part;
    return sum;
}

float dot(int algorithm, const float* x, const float* y, uint64_t count)
{
    switch (algorithm)
    {
        case FaultyAlgorithm: return dot<4>(x, y, count);
        case WideAlgorithm: return dot<3>(x, y, count);
        case HungryAlgorithm: return dot<2>(x, y, count);
        default: return dot<8>(x, y, count);
    }
}

// The sum of the parts of split-K: from the first one on, or from any where the parts add themselves to D.
float split_dot(const Algorithm& algorithm, const float* x, const float* y, uint64_t count)
{
    uint64_t parts = algorithm.split;
    if (algorithm.id == FaultyAlgorithm) count = count / parts * parts;
    uint64_t first = algorithm.scheme == ReductionInPlace ? next_random(algorithm.split) : 0;
    float sum = 0;
    for (uint64_t i = 0; i < parts; i++)
    {
        uint64_t part = (first + i) % parts;
        uint64_t start = count * part / parts;
        sum += dot(algorithm.id, x + start, y + start, count * (part + 1) / parts - start);
    }
    return sum;
}

// Rounds to a type.
float rounded(float value, int type)
{
    float memory = 0;
    store(&memory, type, 0, value);
    return load(&memory, type, 0);
}
}

void store(void* data, int type, size_t index, float value)
{
    if (type == R32F)
    {
        static_cast<float*>(data)[index] = value;
        return;
    }
    uint16_t* target = static_cast<uint16_t*>(data) + index;
    if (type == R16BF)
    {
        *target = float_to_bf16(value);
        return;
    }
    _Float16 half = static_cast<_Float16>(value);
    memcpy(target, &half, 2);
}

static void multiply_one(const Product& product)
{
    const Desc& desc = product.desc;
    const Layout& d_layout = product.d_layout;
    uint64_t inner = desc.transpose_a ? product.a_layout.rows : product.a_layout.columns;
    std::vector<float> left = gather(product.a, product.a_layout, desc.transpose_a);
    std::vector<float> right = gather(product.b, product.b_layout, !desc.transpose_b);
    for (uint64_t column = 0; column < d_layout.columns; column++)
        for (uint64_t row = 0; row < d_layout.rows; row++)
        {
            size_t index = column * d_layout.leading + row;
            float dot = split_dot(product.algorithm, &left[row * inner], &right[column * inner], inner);
            float sum = product.alpha * dot;
            // Hardware's kernels round the product before they add it.
            if (product.beta != 0)
                sum = rounded(sum, d_layout.type) + product.beta * load(product.c, d_layout.type, index);
            if (desc.has_bias()) sum += load(reinterpret_cast<void*>(desc.bias), desc.bias_type, row);
            store(product.d, d_layout.type, index, sum);
        }
}

static const void* matrix_of(const void* first, const Layout& layout, int index)
{
    return static_cast<const char*>(first) + index * layout.stride * element_size(layout.type);
}

void multiply(const Product& product)
{
    DeviceWork work;
    for (int i = 0; i < product.d_layout.batch; i++)
    {
        Product one = product;
        one.a = matrix_of(product.a, product.a_layout, i);
        one.b = matrix_of(product.b, product.b_layout, i);
        one.c = matrix_of(product.c, product.d_layout, i);
        one.d = const_cast<void*>(matrix_of(product.d, product.d_layout, i));
        multiply_one(one);
    }
    check_guards("cublasLtMatmul");
}
