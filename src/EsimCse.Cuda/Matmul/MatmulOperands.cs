namespace EsimCse.Cuda.Matmul;

/// <summary>Device addresses of a matrix product's operands; <paramref name="Bias"/> is 0 without one.</summary>
readonly record struct MatmulOperands(nint A, nint B, nint Bias, nint D);
