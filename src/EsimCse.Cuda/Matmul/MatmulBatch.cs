namespace EsimCse.Cuda.Matmul;

/// <summary>
/// The number of products that are computed as one, and the elements from an operand of one to that of the next.
/// </summary>
readonly record struct MatmulBatch(int Count, long StrideA, long StrideB, long StrideD);
