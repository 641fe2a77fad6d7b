namespace EsimCse.Cuda.Kernels;

/// <summary>How many blocks of how many threads, with how much dynamic shared memory.</summary>
readonly record struct LaunchConfig(int Blocks, int Threads, int SharedBytes = 0, int BlocksY = 1, int BlocksZ = 1);
