namespace EsimCse.Peers;

/// <summary>Token ids of sentences that are padded to the longest.</summary>
/// <param name="Rows">The rows of the sentences in their text.</param>
/// <param name="Columns">Tokens of the longest sentence.</param>
/// <param name="Ids">Token ids [rows, columns], 0 behind a sentence's end.</param>
/// <param name="Mask">1 for a token, 0 behind a sentence's end.</param>
public sealed record PaddedBatch(int[] Rows, int Columns, long[] Ids, long[] Mask)
{
    /// <summary>Pads some of a text's sentences.</summary>
    public static PaddedBatch Create(long[][] sentences, int[] rows)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        ArgumentNullException.ThrowIfNull(rows);
        int columns = rows.Max(row => sentences[row].Length);
        long[] ids = new long[rows.Length * columns];
        long[] mask = new long[ids.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            long[] sentence = sentences[rows[i]];
            sentence.CopyTo(ids.AsSpan(i * columns));
            mask.AsSpan(i * columns, sentence.Length).Fill(1);
        }
        return new PaddedBatch(rows, columns, ids, mask);
    }

    /// <summary>Whether a sentence is shorter than the longest.</summary>
    public bool IsPadded => Mask.Contains(0);
}
