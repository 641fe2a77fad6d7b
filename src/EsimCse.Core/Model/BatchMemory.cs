using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>Device memory for packed batches. Each batch reuses the memory of the one before it.</summary>
sealed class BatchMemory(IBackend backend) : IDisposable
{
    // Rounded lengths let one recorded graph serve many batches; attention has tiles of 32, 48 and 64 tokens, and
    // several of 64 for longer sentences.
    const int ShortLengthPadding = 16, LongLengthPadding = 64;

    readonly Arena _arena = new(backend);

    /// <summary>Copies sentences of token ids to the device.</summary>
    public PackedBatch Upload(IReadOnlyList<int[]> sentences) => Upload(Pack(sentences));

    /// <summary>Copies a packed batch to the device, in one piece.</summary>
    public PackedBatch Upload(HostBatch packed)
    {
        PackedBatch batch = Reserve(packed.Sentences.Count, packed.Tokens, packed.LongestSentence);
        backend.Upload<int>(packed.Numbers, batch.Ids with { Columns = packed.Numbers.Length });
        return batch;
    }

    /// <summary>Packs sentences of token ids on the host. Thread-safe.</summary>
    public HostBatch Pack(IReadOnlyList<int[]> sentences)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        int tokens = sentences.Sum(ids => ids.Length);
        int longest = sentences.Select(ids => ids.Length).DefaultIfEmpty(0).Max();
        int stride = RoundUp(Padded(tokens), Arena.Alignment / sizeof(int));
        int[] numbers = new int[2 * stride + sentences.Count + 1];
        Span<int> ids = numbers.AsSpan(0, stride), positions = numbers.AsSpan(stride, stride);
        Span<int> offsets = numbers.AsSpan(2 * stride);
        for (int s = 0; s < sentences.Count; s++)
        {
            int length = sentences[s].Length;
            offsets[s + 1] = offsets[s] + length;
            sentences[s].CopyTo(ids[offsets[s]..]);
            for (int position = 0; position < length; position++) positions[offsets[s] + position] = position;
        }
        return new HostBatch(sentences, numbers, tokens, longest);
    }

    /// <summary>
    /// Copies the first sentences of a batch, which have <paramref name="tokens"/> tokens. Padding rows are copied
    /// from the rows that follow.
    /// </summary>
    public PackedBatch CopyFirst(PackedBatch source, int sentences, int tokens, int longest)
    {
        PackedBatch batch = Reserve(sentences, tokens, longest);
        PackedBatch first = source.First(sentences, batch.Tokens);
        backend.Copy(first.Ids, batch.Ids);
        backend.Copy(first.Positions, batch.Positions);
        backend.Copy(first.Offsets, batch.Offsets);
        return batch;
    }

    /// <summary>Returns a batch of undefined content, its rows padded to <see cref="IBackend.TokenPadding"/>.</summary>
    public PackedBatch Reserve(int sentences, int tokens, int longest)
    {
        int rows = Padded(tokens);
        int lengthPadding = longest <= LongLengthPadding ? ShortLengthPadding : LongLengthPadding;
        int longestPadded = RoundUp(longest, Math.Min(backend.TokenPadding, lengthPadding));
        _arena.Reset((2L * rows + sentences + 1) * sizeof(int) + 3 * Arena.Alignment);
        Matrix ids = _arena.Allocate(1, rows, ElementType.Int32);
        Matrix positions = _arena.Allocate(1, rows, ElementType.Int32);
        Matrix offsets = _arena.Allocate(1, sentences + 1, ElementType.Int32);
        return new PackedBatch(ids, positions, offsets, sentences, rows, longestPadded);
    }

    internal static int RoundUp(int count, int multiple) => (count + multiple - 1) / multiple * multiple;

    /// <summary>Returns the rows of a batch of that many tokens.</summary>
    public int Padded(int tokens) => RoundUp(tokens, backend.TokenPadding);

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();
}
