using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCseNative;

/// <content>Vectors of sentences that arrive one by one.</content>
public sealed partial class SentenceEncoder
{
    /// <summary>Batches of vectors that wait for their reader at most.</summary>
    const int BatchesAhead = 2;

    /// <summary>
    /// Computes the vector of each sentence, in order, as sentences arrive. One is answered when its batch is full or
    /// no other arrives for some milliseconds, at the latest after 50 ms and the time of its batch. Where vectors are
    /// not read, some thousands of sentences are read ahead at most.
    /// </summary>
    /// <param name="sentences">The sentences. Their enumerator gets a token that ends its wait.</param>
    /// <param name="cancellation">Stops before the next batch.</param>
    /// <exception cref="InvalidInputException">
    /// A vector is not finite; those of the sentences in the batches before it come first.
    /// </exception>
    public async IAsyncEnumerable<float[]> EncodeAsync(
        IAsyncEnumerable<string> sentences, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        Channel<float[]> batches = Channel.CreateBounded<float[]>(BatchesAhead);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task encoding = Task.Factory.StartNew(
            () => EncodeTo(batches.Writer, sentences, end.Token),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        try
        {
            await foreach (float[] batch in batches.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
                for (int from = 0; from < batch.Length; from += Dimension)
                    yield return batch.AsSpan(from, Dimension).ToArray();
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await encoding.ConfigureAwait(false);
        }
    }

    /// <summary>Writes the vectors of sentences to a channel, and the error that ends them.</summary>
    void EncodeTo(ChannelWriter<float[]> batches, IAsyncEnumerable<string> sentences, CancellationToken end)
    {
        try
        {
            long count = 0;
            var rows = sentences.ToBlockingEnumerable(end).Select(text => new SentenceRow(text, new(null, ++count)));
            foreach (float[] batch in Encode(PromptChunks.Read(rows, end), end))
                batches.WriteAsync(batch, end).AsTask().GetAwaiter().GetResult();
            batches.Complete();
        }
        catch (Exception error)
        {
            batches.Complete(error);
        }
    }
}
