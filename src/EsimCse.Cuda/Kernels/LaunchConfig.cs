namespace EsimCse.Cuda.Kernels;

/// <summary>The grid and block sizes of a launch, and its dynamic shared memory.</summary>
readonly record struct LaunchConfig(int Blocks, int Threads, int SharedBytes = 0, int BlocksY = 1, int BlocksZ = 1);
