// cuBLASLt as plain loops: D = alpha op(A) op(B) + beta C, with a bias along the rows of D. The heuristic also offers algorithm 66 with a split inner sum, which
// drops what the split does not divide, as the real one computes it wrongly: whoever takes it shows.
#include "softcuda.h"
#include <cstring>
#include <vector>

namespace
{
enum { Float32 = 0, Float16 = 2, BFloat16 = 14 };
enum { TransposeA = 3, TransposeB = 4, Epilogue = 7, BiasPointer = 8, BiasDataType = 26 };
constexpr int EpilogueBias = 4, FaultyAlgorithm = 66, FaultySplit = 3;

struct Desc { int transpose_a = 0, transpose_b = 0, epilogue = 1, bias_type = -1; uint64_t bias = 0; };
struct Layout { int type; uint64_t rows, columns; int64_t leading; };
struct Preference { size_t workspace = 0; uint32_t schemes = ~0u; };
struct Algorithm { int id, split; char rest[56]; };
struct Proposal { Algorithm algorithm; size_t workspace; int state; float waves; int reserved[4]; };
static_assert(sizeof(Algorithm) == 64 && sizeof(Proposal) == 96);

float widen(const void* data, int type, size_t index)
{
    if (type == Float32) return static_cast<const float*>(data)[index];
    uint16_t bits = static_cast<const uint16_t*>(data)[index];
    if (type == BFloat16)
    {
        uint32_t word = static_cast<uint32_t>(bits) << 16;
        float value;
        memcpy(&value, &word, 4);
        return value;
    }
    _Float16 half;
    memcpy(&half, &bits, 2);
    return static_cast<float>(half);
}

void narrow(void* data, int type, size_t index, float value)
{
    if (type == Float32) static_cast<float*>(data)[index] = value;
    else if (type == BFloat16)
    {
        uint32_t word;
        memcpy(&word, &value, 4);
        static_cast<uint16_t*>(data)[index] = value != value ? 0x7FFF : static_cast<uint16_t>((word + 0x7FFF + (word >> 16 & 1)) >> 16);
    }
    else
    {
        _Float16 half = static_cast<_Float16>(value);
        memcpy(static_cast<uint16_t*>(data) + index, &half, 2);
    }
}

// op(M) as fp32, [rows of op, columns of op] with the inner index fastest.
std::vector<float> gather(const void* data, const Layout& layout, bool inner_is_row)
{
    std::vector<float> all(layout.rows * layout.columns);
    uint64_t outer = inner_is_row ? layout.columns : layout.rows, inner = inner_is_row ? layout.rows : layout.columns;
    for (uint64_t i = 0; i < outer; i++)
        for (uint64_t k = 0; k < inner; k++) all[i * inner + k] = widen(data, layout.type, inner_is_row ? i * layout.leading + k : k * layout.leading + i);
    return all;
}

void multiply(Desc desc, float alpha, const void* a, Layout a_layout, const void* b, Layout b_layout, float beta, const void* c, void* d, Layout d_layout, Algorithm algorithm)
{
    DeviceWork work;
    uint64_t inner = desc.transpose_a ? a_layout.rows : a_layout.columns, used = algorithm.split > 1 ? inner / algorithm.split * algorithm.split : inner;
    std::vector<float> left = gather(a, a_layout, desc.transpose_a), right = gather(b, b_layout, !desc.transpose_b);
    for (uint64_t column = 0; column < d_layout.columns; column++)
        for (uint64_t row = 0; row < d_layout.rows; row++)
        {
            const float *x = &left[row * inner], *y = &right[column * inner];
            float sums[8] = {}, sum = 0;
            uint64_t k = 0;
            for (; k + 8 <= used; k += 8)
                for (int i = 0; i < 8; i++) sums[i] += x[k + i] * y[k + i];
            for (; k < used; k++) sum += x[k] * y[k];
            for (float part : sums) sum += part;
            size_t place = column * d_layout.leading + row;
            sum *= alpha;
            if (beta != 0) sum += beta * widen(c, d_layout.type, place);
            if (desc.epilogue & EpilogueBias) sum += widen(reinterpret_cast<void*>(desc.bias), desc.bias_type, row);
            narrow(d, d_layout.type, place, sum);
        }
    check_guards("cublasLtMatmul");
}

size_t bytes_of(const Layout& layout) { return (layout.leading * (layout.columns - 1) + layout.rows) * (layout.type == Float32 ? 4 : 2); }

// Of the element types that cuBLASLt's table allows with fp32 sums, those that are used: 16-bit inputs give their own type or fp32, and the bias is of the result's type.
bool allowed(const Desc& desc, const Layout& a, const Layout& d)
{
    return (d.type == a.type || d.type == Float32) && (!(desc.epilogue & EpilogueBias) || desc.bias_type == d.type);
}

bool fits(const Desc& desc, const Layout& a, const Layout& b, const Layout& d)
{
    uint64_t rows = desc.transpose_a ? a.columns : a.rows, inner = desc.transpose_a ? a.rows : a.columns;
    return rows == d.rows && inner == (desc.transpose_b ? b.columns : b.rows) && d.columns == (desc.transpose_b ? b.rows : b.columns) && a.type == b.type && allowed(desc, a, d);
}
}

EXPORT size_t cublasLtGetVersion() { return 120603; }
EXPORT const char* cublasLtGetStatusString(int) { return "CUBLAS_STATUS as the software device says"; }
EXPORT int cublasLtCreate(void** handle) { *handle = new int; return 0; }
EXPORT int cublasLtDestroy(void* handle) { delete static_cast<int*>(handle); return 0; }
EXPORT int cublasLtMatmulDescCreate(void** desc, int compute, int scale) { *desc = new Desc; return compute == 68 && scale == Float32 ? 0 : 15; }
EXPORT int cublasLtMatmulDescDestroy(void* desc) { run_all(); delete static_cast<Desc*>(desc); return 0; }

EXPORT int cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* value, size_t bytes)
{
    Desc& desc = *static_cast<Desc*>(handle);
    int number = 0;
    memcpy(&number, value, 4);
    switch (attribute)
    {
        case TransposeA: desc.transpose_a = number; return 0;
        case TransposeB: desc.transpose_b = number; return 0;
        case Epilogue: desc.epilogue = number; return number == 1 || number == EpilogueBias ? 0 : 15;
        case BiasPointer: memcpy(&desc.bias, value, 8); return bytes == 8 ? 0 : 7;
        case BiasDataType: desc.bias_type = number; return 0;
        default: return 7;
    }
}

EXPORT int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t leading)
{
    *layout = new Layout{type, rows, columns, leading};
    return type == Float32 || type == Float16 || type == BFloat16 ? 0 : 7;
}
EXPORT int cublasLtMatrixLayoutDestroy(void* layout) { delete static_cast<Layout*>(layout); return 0; }
EXPORT int cublasLtMatmulPreferenceCreate(void** preference) { *preference = new Preference; return 0; }
EXPORT int cublasLtMatmulPreferenceDestroy(void* preference) { delete static_cast<Preference*>(preference); return 0; }
EXPORT int cublasLtMatmulPreferenceSetAttribute(void* preference, int attribute, const void* value, size_t)
{
    if (attribute == 1) memcpy(&static_cast<Preference*>(preference)->workspace, value, 8);
    if (attribute == 3) memcpy(&static_cast<Preference*>(preference)->schemes, value, 4);
    return attribute == 1 || attribute == 3 ? 0 : 7;
}

EXPORT int cublasLtMatmulAlgoGetHeuristic(void*, void* desc, void* a, void* b, void*, void* d, void* preference, int requested, Proposal* proposals, int* returned)
{
    *returned = 0;
    if (!fits(*static_cast<Desc*>(desc), *static_cast<Layout*>(a), *static_cast<Layout*>(b), *static_cast<Layout*>(d))) return 7;
    // The faulty one comes first, so that it is taken unless it is turned down.
    bool split = static_cast<Preference*>(preference)->schemes != 0 && static_cast<Preference*>(preference)->workspace > 0;
    for (Algorithm algorithm : {Algorithm{FaultyAlgorithm, FaultySplit, {}}, Algorithm{67, 1, {}}, Algorithm{66, 1, {}}})
        if (*returned < requested && (split || algorithm.split == 1)) proposals[(*returned)++] = {algorithm, algorithm.split > 1 ? size_t{1024} : 0, 0, 1, {}};
    return 0;
}

EXPORT int cublasLtMatmulAlgoConfigGetAttribute(const Algorithm* algorithm, int attribute, void* value, size_t, size_t*)
{
    if (attribute != 0 && attribute != 2) return 7;
    memcpy(value, attribute == 0 ? &algorithm->id : &algorithm->split, 4);
    return 0;
}

EXPORT int cublasLtMatmul(void*, void* desc, const float* alpha, const void* a, void* a_layout, const void* b, void* b_layout, const float* beta, const void* c, void*, void* d, void* d_layout,
    const Algorithm* algorithm, void* workspace, size_t, void* stream)
{
    if (int error = enter("cublasLtMatmul")) return error == OutOfMemory ? 3 : 14;
    Desc what = *static_cast<Desc*>(desc);
    Layout left = *static_cast<Layout*>(a_layout), right = *static_cast<Layout*>(b_layout), out = *static_cast<Layout*>(d_layout);
    if (!fits(what, left, right, out)) return 7;
    auto live = [](const void* address, size_t bytes) { return is_live(reinterpret_cast<uint64_t>(address), bytes); };
    if (!live(a, bytes_of(left)) || !live(b, bytes_of(right)) || !live(d, bytes_of(out)) || !live(workspace, 1) ||
        ((what.epilogue & EpilogueBias) && !is_live(what.bias, out.rows * (out.type == Float32 ? 4 : 2))) || reinterpret_cast<uint64_t>(a) % 16 || reinterpret_cast<uint64_t>(b) % 16 || reinterpret_cast<uint64_t>(d) % 16)
        return fail(InvalidValue, "cublasLtMatmul: an operand is no live, aligned device memory"), 7;
    float scale = *alpha, keep = *beta;
    Algorithm chosen = *algorithm;
    enqueue(stream, [=] { multiply(what, scale, a, left, b, right, keep, c, d, out, chosen); });
    return 0;
}
