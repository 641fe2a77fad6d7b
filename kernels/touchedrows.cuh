// The rows of a table's gradient that a step has added to, in the layout of EsimCse.Core's TouchedRows. The other rows
// are zeros, which need not be read: most words of the vocabulary are in no sentence of a batch.
#pragma once

struct TouchedRows
{
    int* flags;   // [rows]: 1 for those rows, 0 for the others; null where all may have values
    int first;    // the table's first element in the arena
    int columns;  // a multiple of 4
    int rows;

    // Whether a chunk, by its first element, is one of the table.
    __device__ __forceinline__ bool covers(int start) const
    {
        return flags != nullptr && start >= first && start - first < rows * columns;
    }

    // Whether the row of an element of the table was added to.
    __device__ __forceinline__ bool contains(int element) const
    {
        return flags[static_cast<uint32_t>(element - first) / static_cast<uint32_t>(columns)] != 0;
    }
};
