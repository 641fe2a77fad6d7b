using EsimCse.Cuda;
using EsimCse.Search;

namespace EsimCseNative;

/// <summary>A CUDA device that an index is searched on.</summary>
sealed class SearchDevice : IDisposable
{
    readonly CudaBackend _backend;
    readonly DeviceVectors _vectors;

    SearchDevice(CudaBackend backend, MappedVectors vectors, QuantizedVectors quantized, ExactSearch host)
    {
        _backend = backend;
        // The other half is for the model and its batches.
        _vectors = new DeviceVectors(backend, vectors, quantized, backend.FreeBytes / 2);
        Search = new DeviceSearch(backend, vectors, _vectors, host);
    }

    /// <summary>The search.</summary>
    public DeviceSearch Search { get; }

    /// <summary>Opens the device of a choice; null for the CPU, which auto is too.</summary>
    public static SearchDevice? Open(
        DeviceChoice choice, MappedVectors vectors, QuantizedVectors quantized, ExactSearch host)
    {
        if (choice.OpenToSearch(vectors.Dimension) is not { } backend) return null;
        try
        {
            return new SearchDevice(backend, vectors, quantized, host);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Search.Dispose();
        _vectors.Dispose();
        _backend.Dispose();
    }
}
