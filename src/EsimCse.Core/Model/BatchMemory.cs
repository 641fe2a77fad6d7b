using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>Where packed batches lie on the device: the memory of the one before is used again.</summary>
public sealed class BatchMemory(IBackend backend) : IDisposable
{
    // Few different lengths, so that work recorded for one serves many batches.
    const int LengthStep = 32;

    readonly Arena _arena = new(backend);

    /// <summary>Copies sentences to the device.</summary>
    public PackedBatch Upload(IReadOnlyList<int[]> sentences)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        PackedBatch batch = Reserve(sentences.Count, sentences.Sum(ids => ids.Length), sentences.Select(ids => ids.Length).DefaultIfEmpty(0).Max());
        int[] ids = new int[batch.Tokens], positions = new int[batch.Tokens], offsets = new int[sentences.Count + 1];
        for (int s = 0; s < sentences.Count; s++)
        {
            offsets[s + 1] = offsets[s] + sentences[s].Length;
            sentences[s].CopyTo(ids, offsets[s]);
            for (int place = 0; place < sentences[s].Length; place++) positions[offsets[s] + place] = place;
        }
        backend.Upload<int>(ids, batch.Ids);
        backend.Upload<int>(positions, batch.Positions);
        backend.Upload<int>(offsets, batch.Offsets);
        return batch;
    }

    /// <summary>Copies the first sentences of a batch, of so many tokens together; rows that fill up hold what follows there.</summary>
    public PackedBatch CopyFirst(PackedBatch source, int sentences, int tokens, int longest)
    {
        PackedBatch batch = Reserve(sentences, tokens, longest);
        backend.Copy(First(source.Ids, batch.Tokens), batch.Ids);
        backend.Copy(First(source.Positions, batch.Tokens), batch.Positions);
        backend.Copy(First(source.Offsets, sentences + 1), batch.Offsets);
        return batch;
    }

    /// <summary>Room for so many sentences with so many tokens together, filled up to what the device wants; the content is undefined.</summary>
    public PackedBatch Reserve(int sentences, int tokens, int longest)
    {
        tokens = Filled(tokens, backend.TokenPadding);
        _arena.Reset((2L * tokens + sentences + 1) * sizeof(int) + 3 * Arena.Alignment);
        return new PackedBatch(_arena.Allocate(1, tokens, ElementType.Int32), _arena.Allocate(1, tokens, ElementType.Int32), _arena.Allocate(1, sentences + 1, ElementType.Int32),
            sentences, tokens, Filled(longest, Math.Min(backend.TokenPadding, LengthStep)));
    }

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    static int Filled(int count, int bucket) => (count + bucket - 1) / bucket * bucket;

    static Matrix First(Matrix row, int columns) => row.Reshape(row.Columns, 1).Slice(0, columns).Reshape(1, columns);
}
