using System.Runtime.ExceptionServices;

namespace EsimCse.Core.Model;

/// <summary>Embedders of one model on several devices, which take batches in turn.</summary>
/// <param name="devices">An embedder for each device, with the weights there.</param>
sealed class EmbeddingDevices(IReadOnlyList<(Embedder Embedder, BertWeights Weights)> devices)
{
    /// <summary>
    /// Computes the vectors of batches, [sentences of the batch, width], in order. Each device computes a batch while
    /// the caller uses the vectors of earlier ones. After an error of <paramref name="batches"/> the vectors of those
    /// before it come first.
    /// </summary>
    /// <param name="batches">Batches of <see cref="Embedder.Pack"/>.</param>
    /// <param name="cancellation">Checked before each batch.</param>
    public IEnumerable<float[]> Embed(IEnumerable<HostBatch> batches, CancellationToken cancellation)
    {
        using IEnumerator<HostBatch> source = batches.GetEnumerator();
        Queue<IPendingVectors> pending = new();
        ExceptionDispatchInfo? error = null;
        int ahead = devices.Sum(device => device.Embedder.BatchesAhead);
        int next = 0;
        try
        {
            while (TryMoveNext(source, ref error))
            {
                (Embedder embedder, BertWeights weights) = devices[next];
                next = (next + 1) % devices.Count;
                embedder.Begin(weights, source.Current, pending, cancellation);
                while (pending.Count > (source.Current.IsUrgent ? 0 : ahead)) yield return pending.Dequeue().Wait();
            }
            while (pending.TryDequeue(out IPendingVectors? last)) yield return last.Wait();
            error?.Throw();
        }
        finally
        {
            foreach (IPendingVectors unread in pending) unread.Cancel();
        }
    }

    static bool TryMoveNext(IEnumerator<HostBatch> batches, ref ExceptionDispatchInfo? error)
    {
        try
        {
            return batches.MoveNext();
        }
        catch (Exception failure)
        {
            error = ExceptionDispatchInfo.Capture(failure);
            return false;
        }
    }
}
