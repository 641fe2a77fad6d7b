using EsimCseNative;

namespace EsimCse.Serving;

/// <summary>
/// The queue in which the inputs of all requests wait for the device. It forms batches in the order of arrival: a batch
/// ends with the budget of tokens, or with the last input that waits when the device is free. An input larger than the
/// budget is a batch of its own. Thread-safe.
/// </summary>
sealed class BatchQueue : IDisposable
{
    readonly SentenceEncoder _encoder;
    readonly int _tokenBudget;
    readonly Instruments _instruments;
    readonly Queue<QueuedRequest> _waiting = new();
    readonly object _lock = new();
    readonly Thread _thread;

    /// <summary>Inputs on the device, in the order of their vectors; used by the thread only.</summary>
    readonly Queue<(QueuedRequest Request, int Index)> _computing = new();

    bool _isClosed;
    volatile bool _hasFailed;

    /// <summary>Starts the thread that serves the queue.</summary>
    /// <param name="encoder">The encoder, which the caller disposes of after the queue.</param>
    /// <param name="tokenBudget">Tokens of several inputs that are computed together at most.</param>
    /// <param name="instruments">Receives the sizes of batches.</param>
    public BatchQueue(SentenceEncoder encoder, int tokenBudget, Instruments instruments)
    {
        _encoder = encoder;
        _tokenBudget = tokenBudget;
        _instruments = instruments;
        _thread = new Thread(Run) { IsBackground = true, Name = "esimcse batches" };
        _thread.Start();
    }

    /// <summary>Whether the device failed at the latest batch.</summary>
    public bool HasFailed => _hasFailed;

    /// <summary>
    /// Computes the vectors of sentences as the model gives them: not checked, normalized or truncated.
    /// </summary>
    /// <param name="sentences">The ids of each, special tokens included, at least one of each.</param>
    /// <param name="cancellation">Takes the sentences that are not on the device yet out of the queue.</param>
    public Task<float[][]> EncodeAsync(IReadOnlyList<int[]> sentences, CancellationToken cancellation)
    {
        if (sentences.Count == 0) return Task.FromResult<float[][]>([]);
        QueuedRequest request = new(sentences, cancellation);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            _waiting.Enqueue(request);
            Monitor.Pulse(_lock);
        }
        return request.Vectors;
    }

    /// <summary>Ends the thread after the batches of all that waits.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.Pulse(_lock);
        }
        _thread.Join();
    }

    void Run()
    {
        while (!TryServe())
        {
        }
    }

    /// <summary>Serves the queue until it is closed; returns false where the device failed.</summary>
    bool TryServe()
    {
        try
        {
            foreach (float[] vectors in _encoder.EncodeBatches(FormBatches(), CancellationToken.None)) Answer(vectors);
            return true;
        }
        catch (Exception failure)
        {
            _hasFailed = true;
            while (_computing.TryDequeue(out (QueuedRequest Request, int) input)) input.Request.Fail(failure);
            return false;
        }
    }

    void Answer(float[] vectors)
    {
        _hasFailed = false;
        int width = _encoder.Width;
        for (int from = 0; from < vectors.Length; from += width)
        {
            (QueuedRequest request, int index) = _computing.Dequeue();
            request.Set(index, vectors.AsSpan(from, width).ToArray());
        }
    }

    IEnumerable<TokenBatch> FormBatches()
    {
        while (FormBatch() is { } batch)
        {
            _instruments.CountBatch(batch);
            yield return batch;
        }
    }

    /// <summary>
    /// Waits for inputs and forms a batch of them; null where the queue is closed. One that is not urgent has another
    /// one after it, whatever becomes of the requests.
    /// </summary>
    TokenBatch? FormBatch()
    {
        lock (_lock)
        {
            while (_waiting.Count == 0 && !_isClosed) Monitor.Wait(_lock);
            if (_waiting.Count == 0) return null;
            List<int[]> sentences = [];
            int tokens = 0;
            while (_waiting.TryPeek(out QueuedRequest? request))
            {
                bool isLastHope = sentences.Count == 0 && _waiting.Count == 1;
                if (request.IsAbandoned && !isLastHope)
                {
                    _waiting.Dequeue();
                    continue;
                }
                int[] next = request.Sentences[request.Taken];
                if (sentences.Count > 0 && tokens + next.Length > _tokenBudget) break;
                sentences.Add(next);
                tokens += next.Length;
                _computing.Enqueue((request, request.Taken++));
                if (request.Taken == request.Sentences.Count) _waiting.Dequeue();
            }
            return new TokenBatch(sentences, IsUrgent: _waiting.Count == 0);
        }
    }
}
