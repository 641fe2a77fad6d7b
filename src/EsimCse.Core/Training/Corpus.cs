using System.Runtime.InteropServices;
using System.Security.Cryptography;
using EsimCse.Core.Backend;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>The sentences to train on, as ids, and the order in which a run takes them.</summary>
sealed class Corpus
{
    readonly List<int[]> _sentences = [];
    readonly List<uint> _lines = [];

    /// <summary>Reads the sentences of files, one after another; empty ones are skipped and counted.</summary>
    /// <exception cref="InvalidInputException">A file is not what it must be, or there is no sentence in any.</exception>
    public static Corpus Read(IEnumerable<string> files, string? column, BertTokenizer tokenizer, int maxLength)
    {
        Corpus corpus = From(files.SelectMany(file => SentenceFile.Read(file, column)), tokenizer, maxLength);
        return corpus.Count > 0 ? corpus : throw new InvalidInputException($"{string.Join(", ", files)}: no sentences: {corpus.Empty} lines, all empty");
    }

    /// <summary>The sentences as they come.</summary>
    public static Corpus From(IEnumerable<string> sentences, BertTokenizer tokenizer, int maxLength)
    {
        Corpus corpus = new();
        List<int> ids = [];
        uint line = 0;
        foreach (string sentence in sentences)
        {
            ids.Clear();
            if (string.IsNullOrWhiteSpace(sentence)) corpus.Empty++;
            else
            {
                if (tokenizer.Encode(sentence, maxLength, ids)) corpus.Truncated++;
                corpus._sentences.Add([.. ids]);
                corpus._lines.Add(line);
            }
            line++;
        }
        return corpus;
    }

    public int Count => _sentences.Count;

    public long Empty { get; private set; }

    public long Truncated { get; private set; }

    /// <summary>A digest of all ids and lines: a resumed run must read the same sentences, and draw for them what it drew before.</summary>
    public string Digest()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < Count; i++) hash.AppendData(MemoryMarshal.AsBytes<int>([(int)_lines[i], _sentences[i].Length, .. _sentences[i]]));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public int Batches(int batchSize) => (Count + batchSize - 1) / batchSize;

    /// <summary>The order of an epoch.</summary>
    public int[] Order(ulong seed, int epoch, bool shuffle)
    {
        int[] order = [.. Enumerable.Range(0, Count)];
        PhiloxSequence draws = new(seed, PhiloxSequence.Shuffle, (uint)epoch, 0);
        for (int i = 0; shuffle && i < Count - 1; i++)
        {
            int other = i + draws.Below(Count - i);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }

    /// <summary>A sentence's ids and its line.</summary>
    public (int[] Ids, uint Line) this[int sentence] => (_sentences[sentence], _lines[sentence]);

    /// <summary>The sentences of a batch; the last batch of an epoch may be smaller.</summary>
    public ReadOnlySpan<int> Batch(int[] order, int batch, int batchSize) => order.AsSpan((batch * batchSize)..Math.Min(Count, (batch + 1) * batchSize));
}
