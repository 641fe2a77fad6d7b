using System.Collections.Concurrent;
using EsimCse.Core;
using EsimCse.Core.Model;
using EsimCse.Core.Text;

namespace EsimCseNative;

/// <content>
/// The pipeline from text to vectors. Where the device works by itself, threads read and tokenize the next rows and
/// queue the next batch meanwhile; where it is the host's cores, one thread does all in turn.
/// </content>
public sealed partial class SentenceEncoder
{
    /// <summary>Rows that a thread tokenizes at a time.</summary>
    internal const int ChunkSize = 512;

    /// <summary>Batches of vectors that wait for their reader at most.</summary>
    const int VectorsAhead = 2;

    /// <inheritdoc cref="Encode(IEnumerable{RowChunk}, CancellationToken)"/>
    internal IEnumerable<float[]> Encode(IEnumerable<SentenceRow> rows, CancellationToken cancellation) =>
        Encode(rows.Chunk(ChunkSize).Select(chunk => new RowChunk(chunk, IsUrgent: false)), cancellation);

    /// <summary>Computes the vectors of rows in order, [rows of a batch, dimension] at a time.</summary>
    /// <param name="chunks">The rows. They are enumerated on another thread, ahead of their vectors.</param>
    /// <param name="cancellation">Stops before the next batch.</param>
    /// <exception cref="InvalidInputException">
    /// A row cannot be read, or its vector is not finite; the vectors of the batches before it come first.
    /// </exception>
    internal IEnumerable<float[]> Encode(IEnumerable<RowChunk> chunks, CancellationToken cancellation)
    {
        ConcurrentQueue<RowPlace> places = new();
        bool runsAhead = _models[0].Backend.RunsAsynchronously;
        foreach (float[] vectors in runsAhead ? EmbedAhead() : Embed(chunks.Select(Tokenize)))
        {
            RowPlace[] placeOf = new RowPlace[vectors.Length / Width];
            for (int row = 0; row < placeOf.Length; row++) places.TryDequeue(out placeOf[row]);
            yield return Finish(vectors, row => placeOf[row]);
        }

        IEnumerable<float[]> Embed(IEnumerable<TokenizedChunk> tokenized) =>
            _devices.Embed(Pack(tokenized, places), cancellation);

        IEnumerable<float[]> EmbedAhead()
        {
            // Not disposed of: the reading thread may outlive the enumeration.
            CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            IEnumerable<Task<TokenizedChunk>> tasks = chunks.Select(chunk => Task.Run(() => Tokenize(chunk)));
            IEnumerable<Task<TokenizedChunk>> ahead = ReadAhead.Run(tasks, _threads, end, waits: false);
            return ReadAhead.Run(
                Embed(ahead.Select(task => task.GetAwaiter().GetResult())), VectorsAhead, end, waits: true);
        }

        TokenizedChunk Tokenize(RowChunk chunk)
        {
            IReadOnlyList<int[]> ids = this.Tokenize([.. chunk.Rows.Select(row => row.Text)]);
            for (int i = 0; i < ids.Count; i++)
                if (ids[i].Length == 0) throw NoTokens(chunk.Rows[i].Place);
            return new(chunk, ids);
        }
    }

    /// <summary>
    /// Computes the vectors of batches that the caller forms, [sentences, <see cref="Width"/>] in order, as the model
    /// gives them: not checked, normalized or truncated. The device computes a batch while the next one is formed.
    /// </summary>
    /// <param name="batches">The batches, which are enumerated on the calling thread.</param>
    /// <param name="cancellation">Stops before the next batch.</param>
    internal IEnumerable<float[]> EncodeBatches(IEnumerable<TokenBatch> batches, CancellationToken cancellation) =>
        _devices.Embed(batches.Select(Pack), cancellation);

    HostBatch Pack(TokenBatch batch) => Packer.PackOne(batch.Sentences) with { IsUrgent = batch.IsUrgent };

    /// <summary>Packs rows into batches; a batch ends with each urgent chunk. Appends the rows' places.</summary>
    IEnumerable<HostBatch> Pack(IEnumerable<TokenizedChunk> chunks, ConcurrentQueue<RowPlace> places)
    {
        using IEnumerator<TokenizedChunk> source = chunks.GetEnumerator();
        bool isUrgent;
        do
        {
            isUrgent = false;
            HostBatch? last = null;
            foreach (HostBatch batch in Packer.Pack(ReadUpToUrgent()))
            {
                if (last is not null) yield return last;
                last = batch;
            }
            if (last is not null) yield return last with { IsUrgent = isUrgent };
        }
        while (isUrgent);

        IEnumerable<int[]> ReadUpToUrgent()
        {
            while (!isUrgent && source.MoveNext())
            {
                TokenizedChunk chunk = source.Current;
                isUrgent = chunk.Rows.IsUrgent;
                foreach ((int index, int[] ids) in chunk.Ids.Index())
                {
                    places.Enqueue(chunk.Rows.Rows[index].Place);
                    yield return ids;
                }
            }
        }
    }

    readonly record struct TokenizedChunk(RowChunk Rows, IReadOnlyList<int[]> Ids);
}
