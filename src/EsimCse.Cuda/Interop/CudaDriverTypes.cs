namespace EsimCse.Cuda.Interop;

/// <summary>The results of the driver API that the engine tells apart (CUresult, without CUDA_ERROR_).</summary>
enum CudaResult
{
    Success = 0,
    OutOfMemory = 2,
    NoDevice = 100,
    NotReady = 600,
    StreamCaptureInvalidated = 901,
}

/// <summary>CUdevice_attribute.</summary>
enum CudaDeviceAttribute
{
    MultiprocessorCount = 16,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    MaxSharedMemoryPerBlockOptin = 97,
}

/// <summary>CUfunction_attribute.</summary>
enum CudaFunctionAttribute
{
    MaxDynamicSharedSizeBytes = 8,
}

/// <summary>CUstream_flags.</summary>
enum CudaStreamFlags
{
    NonBlocking = 1,
}

/// <summary>CUevent_flags.</summary>
enum CudaEventFlags
{
    Default = 0,
    DisableTiming = 2,
}

/// <summary>CUstreamCaptureMode.</summary>
enum CudaStreamCaptureMode
{
    ThreadLocal = 1,
}
