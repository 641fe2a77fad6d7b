using EsimCse.Core.Backend;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The checked settings of a module after the pooling: it maps sentence vectors to others.</summary>
/// <param name="Width">Elements of a vector that it returns.</param>
abstract record VectorModule(int Width)
{
    /// <summary>Reads its weights and uploads them.</summary>
    /// <exception cref="InvalidInputException">A tensor is missing or not valid.</exception>
    public abstract VectorLayer Load(IBackend backend);
}

/// <summary>A <see cref="VectorModule"/> with its weights in a device's memory.</summary>
abstract class VectorLayer(IBackend backend, int width) : IDisposable
{
    readonly Arena _arena = new(backend);

    /// <summary>Elements of a vector that it returns.</summary>
    public int Width { get; } = width;

    /// <summary>
    /// Computes y from x, both fp32 with a row for each sentence, on a backend of the same memory. y is another buffer.
    /// </summary>
    public abstract void Forward(IBackend backend, Matrix x, Matrix y);

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    /// <summary>Uploads weights in fp32: matrices of as many columns as stated.</summary>
    protected Matrix[] Upload(params (float[] Values, int Columns)[] weights)
    {
        Matrix[] uploaded = _arena.Carve(arena => Array.ConvertAll(
            weights, weight => arena.Allocate(weight.Values.Length / weight.Columns, weight.Columns)));
        for (int i = 0; i < weights.Length; i++) backend.Upload<float>(weights[i].Values, uploaded[i]);
        return uploaded;
    }
}
