namespace EsimCse.Model;

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
        int tokens = Filled(sentences.Sum(ids => ids.Length), backend.TokenBucket), longest = Filled(sentences.Select(ids => ids.Length).DefaultIfEmpty(0).Max(), Math.Min(backend.TokenBucket, LengthStep));
        int[] ids = new int[tokens], positions = new int[tokens], offsets = new int[sentences.Count + 1];
        for (int s = 0; s < sentences.Count; s++)
        {
            offsets[s + 1] = offsets[s] + sentences[s].Length;
            sentences[s].CopyTo(ids, offsets[s]);
            for (int place = 0; place < sentences[s].Length; place++) positions[offsets[s] + place] = place;
        }
        _arena.Reset((2L * tokens + offsets.Length) * sizeof(int) + 3 * 64);
        return new PackedBatch(Copy(ids), Copy(positions), Copy(offsets), sentences.Count, tokens, longest);
    }

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    static int Filled(int count, int bucket) => (count + bucket - 1) / bucket * bucket;

    Matrix Copy(int[] values)
    {
        Matrix matrix = _arena.Take(1, values.Length, ElementType.Int32);
        backend.Upload<int>(values, matrix);
        return matrix;
    }
}
