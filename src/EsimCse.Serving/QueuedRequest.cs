namespace EsimCse.Serving;

/// <summary>The sentences of a request in a <see cref="BatchQueue"/>.</summary>
sealed class QueuedRequest
{
    readonly TaskCompletionSource<float[][]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly float[][] _vectors;
    readonly CancellationToken _cancellation;
    int _missing;

    /// <summary>Creates a request of at least one sentence.</summary>
    public QueuedRequest(IReadOnlyList<int[]> sentences, CancellationToken cancellation)
    {
        Sentences = sentences;
        _cancellation = cancellation;
        _vectors = new float[sentences.Count][];
        _missing = sentences.Count;
        Vectors = _answer.Task.WaitAsync(cancellation);
    }

    /// <summary>The ids of each sentence.</summary>
    public IReadOnlyList<int[]> Sentences { get; }

    /// <summary>Sentences that were taken into a batch.</summary>
    public int Taken { get; set; }

    /// <summary>Whether nobody waits for the vectors any more.</summary>
    public bool IsAbandoned => _cancellation.IsCancellationRequested || _answer.Task.IsCompleted;

    /// <summary>The vectors, when all are there.</summary>
    public Task<float[][]> Vectors { get; }

    /// <summary>Sets the vector of a sentence.</summary>
    public void Set(int index, float[] vector)
    {
        _vectors[index] = vector;
        if (--_missing == 0) _answer.TrySetResult(_vectors);
    }

    /// <summary>Ends the request with an error.</summary>
    public void Fail(Exception error) => _answer.TrySetException(error);
}
