// The algorithms of cuBLASLt. The heuristic first proposes those that hardware proposes too and that the engine must
// not use for every product, so that a caller who takes the first one is found:
//   68  split-K whose parts add themselves to D in the order of arrival, where the mask of schemes allows it
//   66  split-K that is wrong if the split does not divide K: it ignores the rest
//   69  refuses few columns
//   70  needs more workspace than there is for few columns
// A caller may have it propose no algorithm for many columns that takes few ones too.
// An algorithm needs the alignment that the preference states: 256 bytes for each operand without one.
#include "cublaslt.h"
#include "softcuda.h"
#include <cstring>
#include <vector>

namespace
{
// Attributes of preferences and algorithms.
enum
{
    PrefMaxWorkspaceBytes = 1,
    PrefReductionSchemeMask = 3,
    PrefMinAlignmentA = 5,
    PrefMinAlignmentD = 8,
    AlgoId = 0,
    AlgoSplitKNum = 2,
    AlgoReductionScheme = 3,
};

constexpr int Split = 3;
constexpr size_t SplitWorkspace = 1024;
constexpr uint64_t WideColumns = 256;
constexpr uint64_t HungryColumns = 512;
constexpr size_t HungryWorkspace = size_t{1} << 30;

struct Preference
{
    size_t workspace = 0;
    uint32_t schemes = ~0u;
    uint32_t alignments[4] = {256, 256, 256, 256};
};

struct HeuristicResult
{
    Algorithm algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

static_assert(sizeof(Algorithm) == 64 && sizeof(HeuristicResult) == 96);

// Set by softcuda_proposals.
thread_local int faulty_proposals = 1;
thread_local bool has_unsplit_proposals = true;
thread_local uint64_t wide_columns = ~0ull;

std::vector<Algorithm> list_algorithms(const Layout& d)
{
    std::vector<Algorithm> algorithms = {{UnorderedAlgorithm, Split, ReductionInPlace, {}, {}}};
    algorithms.insert(algorithms.end(), faulty_proposals, {FaultyAlgorithm, Split, ReductionComputeType, {}, {}});
    if (!has_unsplit_proposals) return algorithms;
    for (int id : {WideAlgorithm, HungryAlgorithm, PlainAlgorithm, FaultyAlgorithm})
        if (id == WideAlgorithm || d.columns < wide_columns) algorithms.push_back({id, 1, ReductionNone, {}, {}});
    return algorithms;
}

bool is_known(const Algorithm& algorithm)
{
    return algorithm.id >= FaultyAlgorithm && algorithm.id <= HungryAlgorithm && algorithm.split >= 1;
}

bool is_allowed(const Algorithm& algorithm, const Layout& d, const Preference& preference)
{
    if (algorithm.split > 1 && (algorithm.scheme & preference.schemes) == 0) return false;
    return workspace_of(algorithm, d) <= preference.workspace;
}
}

size_t workspace_of(const Algorithm& algorithm, const Layout& d)
{
    if (algorithm.id == WideAlgorithm && d.columns < WideColumns) return Refused;
    if (algorithm.id == HungryAlgorithm && d.columns < HungryColumns) return HungryWorkspace;
    return algorithm.split > 1 ? SplitWorkspace : 0;
}

// Sets how many faulty split-K algorithms the heuristic proposes to this thread, whether it proposes unsplit ones, and
// the number of columns from which on these refuse few; 0 for none.
EXPORT void softcuda_proposals(int faulty, int unsplit, int wide)
{
    faulty_proposals = faulty;
    has_unsplit_proposals = unsplit != 0;
    wide_columns = wide > 0 ? wide : ~0ull;
}

EXPORT int cublasLtMatmulPreferenceCreate(void** preference)
{
    *preference = new Preference;
    return Ok;
}

EXPORT int cublasLtMatmulPreferenceDestroy(void* preference)
{
    delete static_cast<Preference*>(preference);
    return Ok;
}

EXPORT int cublasLtMatmulPreferenceSetAttribute(void* handle, int attribute, const void* value, size_t)
{
    Preference& preference = *static_cast<Preference*>(handle);
    if (attribute >= PrefMinAlignmentA && attribute <= PrefMinAlignmentD)
    {
        memcpy(&preference.alignments[attribute - PrefMinAlignmentA], value, 4);
        return Ok;
    }
    switch (attribute)
    {
        case PrefMaxWorkspaceBytes: memcpy(&preference.workspace, value, 8); return Ok;
        case PrefReductionSchemeMask: memcpy(&preference.schemes, value, 4); return Ok;
        default: return BadValue;
    }
}

EXPORT int cublasLtMatmulAlgoGetHeuristic(void*, void* desc, void* a, void* b, void*, void* d, void* preference,
    int requested, HeuristicResult* results, int* returned)
{
    *returned = 0;
    if (enter_synchronising("cublasLtMatmulAlgoGetHeuristic")) return InternalError;
    const Layout& a_layout = *static_cast<Layout*>(a);
    const Layout& b_layout = *static_cast<Layout*>(b);
    const Layout& d_layout = *static_cast<Layout*>(d);
    if (!is_supported(*static_cast<Desc*>(desc), a_layout, b_layout, d_layout)) return BadValue;
    const Preference& preferred = *static_cast<Preference*>(preference);
    for (Algorithm algorithm : list_algorithms(d_layout))
    {
        if (*returned == requested || !is_allowed(algorithm, d_layout, preferred)) continue;
        memcpy(algorithm.alignments, preferred.alignments, sizeof(algorithm.alignments));
        results[(*returned)++] = {algorithm, workspace_of(algorithm, d_layout), Ok, 1, {}};
    }
    return *returned > 0 ? Ok : NotSupported;
}

EXPORT int cublasLtMatmulAlgoCheck(void*, void* desc, void* a, void* b, void*, void* d, const Algorithm* algorithm,
    HeuristicResult* result)
{
    const Layout& d_layout = *static_cast<Layout*>(d);
    bool supported =
        is_supported(*static_cast<Desc*>(desc), *static_cast<Layout*>(a), *static_cast<Layout*>(b), d_layout);
    const Desc& checked = *static_cast<Desc*>(desc);
    if (!supported || (checked.has_bias() && checked.bias == 0) || !is_known(*algorithm)) return BadValue;
    size_t workspace = workspace_of(*algorithm, d_layout);
    if (workspace == Refused) return NotSupported;
    *result = {*algorithm, workspace, Ok, 1, {}};
    return Ok;
}

EXPORT int cublasLtMatmulAlgoConfigGetAttribute(const Algorithm* algorithm, int attribute, void* value, size_t, size_t*)
{
    if (!is_known(*algorithm)) return BadValue;
    switch (attribute)
    {
        case AlgoId: memcpy(value, &algorithm->id, 4); return Ok;
        case AlgoSplitKNum: memcpy(value, &algorithm->split, 4); return Ok;
        case AlgoReductionScheme: memcpy(value, &algorithm->scheme, 4); return Ok;
        default: return BadValue;
    }
}
