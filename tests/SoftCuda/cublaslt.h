// The objects of SoftCuda's cuBLASLt.
#pragma once
#include <cstddef>
#include <cstdint>

// cublasStatus_t
enum
{
    Ok = 0,
    AllocFailed = 3,
    BadValue = 7,
    InternalError = 14,
    NotSupported = 15,
};

// cudaDataType
enum
{
    R32F = 0,
    R16F = 2,
    R16BF = 14,
};

constexpr int EpilogueDefault = 1;
constexpr int EpilogueBias = 4;

struct Desc
{
    int transpose_a = 0;
    int transpose_b = 0;
    int epilogue = EpilogueDefault;
    int bias_type = -1;
    uint64_t bias = 0;

    bool has_bias() const { return epilogue & EpilogueBias; }
};

struct Layout
{
    int type;
    uint64_t rows;
    uint64_t columns;
    int64_t leading;
    int batch = 1;
    int64_t stride = 0;  // elements from a matrix of the batch to the next

    // Elements from the first to the end of the last.
    size_t extent() const { return stride * (batch - 1) + leading * (columns - 1) + rows; }
};

// cublasLtReductionScheme_t
constexpr uint32_t ReductionNone = 0;
constexpr uint32_t ReductionInPlace = 1;
constexpr uint32_t ReductionComputeType = 2;

// The algorithms. Each adds in an order of its own, so that a change of algorithm shows in the bits.
enum
{
    FaultyAlgorithm = 66,
    PlainAlgorithm = 67,
    UnorderedAlgorithm = 68,
    WideAlgorithm = 69,
    HungryAlgorithm = 70,
};

struct Algorithm
{
    int id;
    int split;
    uint32_t scheme;
    uint32_t alignments[4];  // bytes, of A, B, C and D
    char rest[36];
};

struct Product
{
    Desc desc;
    Layout a_layout;
    Layout b_layout;
    Layout d_layout;
    float alpha;
    float beta;
    const void* a;
    const void* b;
    const void* c;
    void* d;
    Algorithm algorithm;
};

inline int element_size(int type) { return type == R32F ? 4 : 2; }

// Rounds a value to the type of an element.
void store(void* data, int type, size_t index, float value);

// Whether shapes and types fit together and are among those that the engine uses.
bool is_supported(const Desc& desc, const Layout& a, const Layout& b, const Layout& d);

// The bytes of workspace that an algorithm needs; Refused if it cannot compute D.
constexpr size_t Refused = ~size_t{0};
size_t workspace_of(const Algorithm& algorithm, const Layout& d);

// Computes D of each of the batch in plain loops.
void multiply(const Product& product);
