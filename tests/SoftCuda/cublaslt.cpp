// cuBLASLt: D = alpha op(A) op(B) + beta C + bias, the bias along the rows of D.
#include "cublaslt.h"
#include "softcuda.h"
#include "traffic.h"
#include <cstring>
#include <set>
#include <tuple>
#include <vector>

namespace
{
// Attributes of descriptors and layouts.
enum
{
    DescTransA = 3,
    DescTransB = 4,
    DescEpilogue = 7,
    DescBiasPointer = 8,
    DescBiasDataType = 26,
    LayoutBatchCount = 5,
    LayoutStride = 6,
};

constexpr int Compute32F = 68;
constexpr uint64_t WorkspaceAlignment = 256;

struct Record
{
    int rows;
    int columns;
    int inner;
    int transpose_a;
    int transpose_b;
    int algorithm;
    int split;
};

thread_local std::vector<Record> records;
thread_local bool is_recording;

void record(const Product& product)
{
    if (!is_recording) return;
    const Desc& desc = product.desc;
    const Layout& a = product.a_layout;
    const Layout& d = product.d_layout;
    int inner = static_cast<int>(desc.transpose_a ? a.rows : a.columns);
    records.push_back({static_cast<int>(d.rows), static_cast<int>(d.columns), inner, desc.transpose_a,
        desc.transpose_b, product.algorithm.id, product.algorithm.split});
}

size_t bytes_of(const Layout& layout) { return layout.extent() * element_size(layout.type); }

// The type combinations that the engine uses, of those that cuBLASLt supports with fp32 sums: 16-bit inputs give their
// own type or fp32, and the bias has the type of the result.
bool are_types_supported(const Desc& desc, const Layout& a, const Layout& d)
{
    if (d.type != a.type && d.type != R32F) return false;
    return !desc.has_bias() || desc.bias_type == d.type;
}

// Loads a kernel at the first product of its kind, as lazy loading does.
void load_kernel(const Product& product)
{
    static std::set<std::tuple<Context*, int, int, int>> loaded;
    Locked locked;
    int operations = 2 * product.desc.transpose_a + product.desc.transpose_b;
    int types = product.a_layout.type << 8 | product.d_layout.type;
    if (loaded.insert({thread_context(), product.algorithm.id, operations, types}).second)
        end_captures("the first product of its kind");
}

// Counts the bytes of the operands; the result is any small numbers.
void count_product(const Product& product)
{
    DeviceWork work;
    const Layout& d = product.d_layout;
    auto bytes = [](const Layout& layout) {
        return layout.batch * layout.rows * layout.columns * element_size(layout.type);
    };
    int64_t read = bytes(product.a_layout) + bytes(product.b_layout) + (product.beta != 0 ? bytes(d) : 0);
    add_traffic("product", read, bytes(d));
    for (int matrix = 0; matrix < d.batch; matrix++)
        for (uint64_t i = 0; i < d.rows * d.columns; i++)
        {
            float value = 0.01f * (static_cast<float>(i * 2654435761u % 1024) / 512 - 1);
            store(product.d, d.type, matrix * d.stride + i / d.rows * d.leading + i % d.rows, value);
        }
}

bool is_operand(const void* address, const Layout& layout, uint32_t alignment)
{
    uint64_t number = reinterpret_cast<uint64_t>(address);
    return is_live(number, bytes_of(layout)) && number % alignment == 0;
}

bool are_operands_valid(const Product& product, const void* workspace, size_t workspace_bytes)
{
    const Layout& d_layout = product.d_layout;
    const uint32_t* alignments = product.algorithm.alignments;
    if (!is_operand(product.a, product.a_layout, alignments[0])) return false;
    if (!is_operand(product.b, product.b_layout, alignments[1])) return false;
    if (!is_operand(product.c, d_layout, alignments[2])) return false;
    if (!is_operand(product.d, d_layout, alignments[3])) return false;
    uint64_t scratch = reinterpret_cast<uint64_t>(workspace);
    if (!is_live(scratch, workspace_bytes) || scratch % WorkspaceAlignment != 0) return false;
    if (!product.desc.has_bias()) return true;
    return is_live(product.desc.bias, d_layout.rows * element_size(d_layout.type));
}
}

bool is_supported(const Desc& desc, const Layout& a, const Layout& b, const Layout& d)
{
    uint64_t rows = desc.transpose_a ? a.columns : a.rows;
    uint64_t a_inner = desc.transpose_a ? a.rows : a.columns;
    uint64_t b_inner = desc.transpose_b ? b.columns : b.rows;
    uint64_t columns = desc.transpose_b ? b.rows : b.columns;
    if (rows != d.rows || a_inner != b_inner || columns != d.columns) return false;
    if (a.batch != d.batch || b.batch != d.batch) return false;
    return a.type == b.type && are_types_supported(desc, a, d);
}

// Begins to record the products that this thread enqueues, or ends it; returns how many were recorded.
EXPORT int softcuda_record(int on)
{
    is_recording = on != 0;
    if (is_recording) records.clear();
    return static_cast<int>(records.size());
}

EXPORT const Record* softcuda_recorded() { return records.data(); }

EXPORT size_t cublasLtGetVersion() { return 120603; }

EXPORT const char* cublasLtGetStatusString(int) { return "a CUBLAS_STATUS of SoftCuda"; }

EXPORT int cublasLtCreate(void** handle)
{
    if (enter_synchronising("cublasLtCreate")) return InternalError;
    *handle = new int;
    return Ok;
}

EXPORT int cublasLtDestroy(void* handle)
{
    Locked locked;
    end_captures("cublasLtDestroy");
    delete static_cast<int*>(handle);
    return Ok;
}

EXPORT int cublasLtMatmulDescCreate(void** desc, int compute, int scale)
{
    *desc = new Desc;
    return compute == Compute32F && scale == R32F ? Ok : NotSupported;
}

EXPORT int cublasLtMatmulDescDestroy(void* desc)
{
    run_all();
    delete static_cast<Desc*>(desc);
    return Ok;
}

EXPORT int cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* value, size_t bytes)
{
    Desc& desc = *static_cast<Desc*>(handle);
    int number = 0;
    memcpy(&number, value, 4);
    switch (attribute)
    {
        case DescTransA: desc.transpose_a = number; return Ok;
        case DescTransB: desc.transpose_b = number; return Ok;
        case DescEpilogue:
            desc.epilogue = number;
            return number == EpilogueDefault || number == EpilogueBias ? Ok : NotSupported;
        case DescBiasPointer:
            memcpy(&desc.bias, value, 8);
            return bytes == 8 ? Ok : BadValue;
        case DescBiasDataType: desc.bias_type = number; return Ok;
        default: return BadValue;
    }
}

EXPORT int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t leading)
{
    *layout = new Layout{type, rows, columns, leading};
    return type == R32F || type == R16F || type == R16BF ? Ok : BadValue;
}

EXPORT int cublasLtMatrixLayoutSetAttribute(void* handle, int attribute, const void* value, size_t bytes)
{
    Layout& layout = *static_cast<Layout*>(handle);
    if (attribute == LayoutBatchCount && bytes == sizeof(layout.batch)) memcpy(&layout.batch, value, bytes);
    else if (attribute == LayoutStride && bytes == sizeof(layout.stride)) memcpy(&layout.stride, value, bytes);
    else return BadValue;
    return Ok;
}

EXPORT int cublasLtMatrixLayoutDestroy(void* layout)
{
    delete static_cast<Layout*>(layout);
    return Ok;
}

EXPORT int cublasLtMatmul(void*, void* desc, const float* alpha, const void* a, void* a_layout, const void* b,
    void* b_layout, const float* beta, const void* c, void*, void* d, void* d_layout, const Algorithm* algorithm,
    void* workspace, size_t workspace_bytes, void* stream)
{
    if (int error = enter("cublasLtMatmul")) return error == OutOfMemory ? AllocFailed : InternalError;
    Product product;
    product.desc = *static_cast<Desc*>(desc);
    product.a_layout = *static_cast<Layout*>(a_layout);
    product.b_layout = *static_cast<Layout*>(b_layout);
    product.d_layout = *static_cast<Layout*>(d_layout);
    product.alpha = *alpha;
    product.beta = *beta;
    product.a = a;
    product.b = b;
    product.c = c;
    product.d = d;
    product.algorithm = *algorithm;
    if (!is_supported(product.desc, product.a_layout, product.b_layout, product.d_layout)) return BadValue;
    if (workspace_of(*algorithm, product.d_layout) > workspace_bytes) return NotSupported;
    load_kernel(product);
    record(product);
    if (!are_operands_valid(product, workspace, workspace_bytes))
    {
        fail(InvalidValue, "cublasLtMatmul: an operand is not live, aligned device memory");
        return BadValue;
    }
    enqueue(stream, [product] {
        count_launch();
        if (counts_traffic()) count_product(product);
        else multiply(product);
    });
    return Ok;
}
