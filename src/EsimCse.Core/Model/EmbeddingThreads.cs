using System.Collections.Concurrent;
using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// Threads that embed whole batches, each on a backend of its own: none waits for another within a batch.
/// </summary>
sealed class EmbeddingThreads : IDisposable
{
    readonly BlockingCollection<Action<BatchEmbedder>> _work = [];
    readonly Thread[] _threads;

    /// <summary>Starts a thread for each backend.</summary>
    /// <param name="backends">The backends; their memory is the same.</param>
    /// <param name="create">Creates what computes on one of them.</param>
    public EmbeddingThreads(IReadOnlyList<IBackend> backends, Func<IBackend, BatchEmbedder> create)
    {
        _threads = new Thread[backends.Count];
        for (int i = 0; i < _threads.Length; i++)
        {
            IBackend backend = backends[i];
            _threads[i] = new Thread(() => Work(backend, create))
            {
                IsBackground = true,
                Name = $"esimcse embedding {i}",
            };
            _threads[i].Start();
        }
    }

    /// <summary>Number of threads.</summary>
    public int Count => _threads.Length;

    /// <summary>Begins to embed a batch.</summary>
    public IPendingVectors Begin(BertWeights weights, HostBatch batch)
    {
        Pending pending = new();
        _work.Add(embedder => pending.Compute(embedder, weights, batch));
        return pending;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _work.CompleteAdding();
        foreach (Thread thread in _threads) thread.Join();
        _work.Dispose();
    }

    void Work(IBackend backend, Func<IBackend, BatchEmbedder> create)
    {
        using BatchEmbedder embedder = create(backend);
        foreach (Action<BatchEmbedder> compute in _work.GetConsumingEnumerable()) compute(embedder);
    }

    /// <summary>The vectors of a batch that a thread computes.</summary>
    sealed class Pending : IPendingVectors
    {
        readonly TaskCompletionSource<float[]> _vectors = new();
        volatile bool _isCancelled;

        public void Compute(BatchEmbedder embedder, BertWeights weights, HostBatch batch)
        {
            try
            {
                _vectors.SetResult(_isCancelled ? [] : embedder.Download(weights, batch));
            }
            catch (Exception failure)
            {
                _vectors.SetException(failure);
            }
        }

        public float[] Wait() => _vectors.Task.GetAwaiter().GetResult();

        public void Cancel()
        {
            _isCancelled = true;
            // The weights are read until then; a failure was for the reader that has gone.
            ((IAsyncResult)_vectors.Task).AsyncWaitHandle.WaitOne();
            _ = _vectors.Task.Exception;
        }
    }
}
