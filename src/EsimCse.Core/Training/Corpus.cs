using System.Runtime.InteropServices;
using System.Security.Cryptography;
using EsimCse.Core.Backend;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>The sentences to train on, as token ids, and their order in each epoch.</summary>
sealed class Corpus
{
    readonly List<int[]> _sentences = [];
    readonly List<uint> _lines = [];

    /// <summary>Reads the sentences of files in order. Empty ones are skipped and counted.</summary>
    /// <exception cref="InvalidInputException">A file is malformed, or no file has a sentence.</exception>
    /// <exception cref="UsageException">The column cannot be chosen or has no meaning.</exception>
    public static Corpus Read(
        IReadOnlyCollection<string> files, string? column, BertTokenizer tokenizer, int maxLength)
    {
        SentenceFile.CheckColumn(files, column);
        List<string> remarks = [];
        var sentences = files.SelectMany(file => SentenceFile.Read(file, column, remarks.Add)).Select(row => row.Text);
        Corpus corpus = From(sentences, tokenizer, maxLength);
        corpus.Remarks = remarks;
        if (corpus.Count > 0) return corpus;
        throw new InvalidInputException($"{string.Join(", ", files)}: no sentences: {corpus.Empty} lines, all empty");
    }

    /// <summary>Tokenizes sentences, truncated to a length in tokens.</summary>
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

    /// <summary>The number of sentences.</summary>
    public int Count => _sentences.Count;

    /// <summary>The number of empty lines skipped.</summary>
    public long Empty { get; private set; }

    /// <summary>Lines about files that may differ from what their author meant.</summary>
    public IReadOnlyList<string> Remarks { get; private set; } = [];

    /// <summary>The number of sentences truncated.</summary>
    public long Truncated { get; private set; }

    /// <summary>The ids of a sentence, and its line, counted from 0 over all files.</summary>
    public (int[] Ids, uint Line) this[int sentence] => (_sentences[sentence], _lines[sentence]);

    /// <summary>Returns a digest of all ids and lines: they determine the batches and the random draws.</summary>
    public string Digest()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < Count; i++)
            hash.AppendData(MemoryMarshal.AsBytes<int>([(int)_lines[i], _sentences[i].Length, .. _sentences[i]]));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Returns the number of batches of an epoch.</summary>
    public int Batches(int batchSize) => (Count + batchSize - 1) / batchSize;

    /// <summary>Returns the order of the sentences in an epoch.</summary>
    public int[] Order(ulong seed, int epoch, bool shuffle)
    {
        int[] order = [.. Enumerable.Range(0, Count)];
        if (!shuffle) return order;
        PhiloxSequence draws = new(seed, PhiloxSequence.Shuffle, (uint)epoch, 0);
        for (int i = 0; i < Count - 1; i++)
        {
            int other = i + draws.Below(Count - i);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }

    /// <summary>Returns the sentences of a batch of an epoch; the last batch may be smaller.</summary>
    public ReadOnlySpan<int> Batch(int[] order, int batch, int batchSize) =>
        order.AsSpan((batch * batchSize)..Math.Min(Count, (batch + 1) * batchSize));

    /// <summary>
    /// Returns the sentences of a step, counted from 1 over all epochs. The order is that of the step's epoch.
    /// </summary>
    public ReadOnlySpan<int> BatchOfStep(int[] order, int step, int batchSize) =>
        Batch(order, (step - 1) % Batches(batchSize), batchSize);
}
