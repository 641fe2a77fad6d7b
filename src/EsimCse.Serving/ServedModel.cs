using EsimCseNative;

namespace EsimCse.Serving;

/// <summary>A loaded model with its queue, and the index that is searched with it.</summary>
sealed class ServedModel : IDisposable
{
    readonly Instruments _instruments;

    /// <summary>Searches run one after the other.</summary>
    readonly SemaphoreSlim _searching = new(1);

    /// <summary>Starts to serve a model.</summary>
    /// <param name="encoder">The encoder, which is then this object's.</param>
    /// <param name="index">The index, which is then this object's; null for none.</param>
    /// <param name="options">The limits.</param>
    public ServedModel(SentenceEncoder encoder, VectorIndex? index, ServerOptions options)
    {
        Encoder = encoder;
        Index = index;
        Limits = options;
        Admission = new Admission(options.MaxQueue);
        MaxTokensPerBatch = options.MaxTokensPerBatch ?? encoder.TokenBudget;
        _instruments = new Instruments(Admission);
        Queue = new BatchQueue(encoder, MaxTokensPerBatch, _instruments);
        // A path is the server's own business.
        Name = Path.IsPathRooted(encoder.ModelId) || Directory.Exists(encoder.ModelId)
            ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(encoder.ModelId)))
            : encoder.ModelId;
    }

    /// <summary>The encoder.</summary>
    public SentenceEncoder Encoder { get; }

    /// <summary>The index; null for none.</summary>
    public VectorIndex? Index { get; }

    /// <summary>The limits of requests.</summary>
    public ServerOptions Limits { get; }

    /// <summary>The inputs that may wait.</summary>
    public Admission Admission { get; }

    /// <summary>The queue of the device.</summary>
    public BatchQueue Queue { get; }

    /// <summary>Tokens of several inputs that are computed together at most.</summary>
    public int MaxTokensPerBatch { get; }

    /// <summary>The model's name: the last part of its folder, or its id.</summary>
    public string Name { get; }

    /// <summary>Finds the rows of the index that are nearest to a vector.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<SearchResult>>> SearchAsync(
        IReadOnlyList<float[]> queries, int top, double threshold, CancellationToken cancellation)
    {
        await _searching.WaitAsync(cancellation);
        try
        {
            return await Task.Run(
                () => Index!.Search(queries, top, threshold, Encoder.SimilarityFunction, cancellation), cancellation);
        }
        finally
        {
            _searching.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Queue.Dispose();
        _instruments.Dispose();
        Index?.Dispose();
        Encoder.Dispose();
        _searching.Dispose();
    }
}
