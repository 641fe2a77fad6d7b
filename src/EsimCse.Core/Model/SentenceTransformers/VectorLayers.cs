using EsimCse.Core.Backend;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The modules after the pooling, in a device's memory.</summary>
sealed class VectorLayers : IDisposable
{
    readonly List<VectorLayer> _layers = [];

    /// <summary>Loads the weights of modules.</summary>
    /// <exception cref="InvalidInputException">A tensor is missing or not valid.</exception>
    public VectorLayers(IBackend backend, IEnumerable<VectorModule> modules)
    {
        try
        {
            foreach (VectorModule module in modules) _layers.Add(module.Load(backend));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Allocates the outputs for a number of sentences.</summary>
    public Matrix[] Allocate(Arena arena, int sentences) =>
        [.. _layers.Select(layer => arena.Allocate(sentences, layer.Width))];

    /// <summary>Computes and returns the last of the outputs; the pooled vectors themselves without modules.</summary>
    public Matrix Forward(IBackend backend, Matrix pooled, IReadOnlyList<Matrix> outputs)
    {
        Matrix vectors = pooled;
        foreach ((int index, VectorLayer layer) in _layers.Index())
        {
            layer.Forward(backend, vectors, outputs[index]);
            vectors = outputs[index];
        }
        return vectors;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (VectorLayer layer in _layers) layer.Dispose();
    }
}
