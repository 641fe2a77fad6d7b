using System.Runtime.InteropServices;
using System.Security.Cryptography;
using EsimCse.Core.Backend;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// The rows to train on, as token ids, and their order in each epoch. A row is one sentence, or an anchor, its positive
/// and perhaps a hard negative.
/// </summary>
sealed class Corpus
{
    readonly List<int[]> _texts = [];
    readonly List<uint> _lines = [];
    readonly List<int> _ids = [];
    uint _nextLine;

    /// <summary>Reads the sentences of files in order. Empty ones are skipped and counted.</summary>
    /// <exception cref="InvalidInputException">A file is malformed, or no file has a sentence.</exception>
    /// <exception cref="UsageException">The column cannot be chosen or has no meaning.</exception>
    public static Corpus Read(
        IReadOnlyCollection<string> files,
        string? column,
        BertTokenizer tokenizer,
        int maxLength,
        SentenceReader? reader = null)
    {
        reader ??= SentenceReader.Text;
        reader.CheckColumn(files, column);
        List<string> remarks = [];
        var sentences = files.SelectMany(file => reader.Read(file, column, remarks.Add)).Select(row => row.Text);
        Corpus corpus = From(sentences, tokenizer, maxLength);
        corpus.Remarks = remarks;
        if (corpus.Count > 0) return corpus;
        throw new InvalidInputException($"{string.Join(", ", files)}: no sentences: {corpus.Empty} lines, all empty");
    }

    /// <summary>
    /// Reads rows of an anchor, a positive and perhaps a hard negative, in columns of files. A row with an empty text
    /// is skipped and counted.
    /// </summary>
    /// <exception cref="InvalidInputException">A file is malformed, or no file has a row.</exception>
    /// <exception cref="UsageException">A file has no columns.</exception>
    public static Corpus ReadColumns(
        IReadOnlyCollection<string> files,
        IReadOnlyList<string> columns,
        BertTokenizer tokenizer,
        int maxLength,
        SentenceReader? reader = null)
    {
        reader ??= SentenceReader.Text;
        foreach (string file in files)
            if (!reader.HasColumns(file))
                throw new UsageException(
                    $"--columns {string.Join(',', columns)}: {file}: found lines of text, which have no columns");
        Corpus corpus = new() { Columns = columns.Count };
        foreach (string[] texts in files.SelectMany(file => reader.ReadColumns(file, columns)))
            corpus.Add(texts, tokenizer, maxLength);
        if (corpus.Count > 0) return corpus;
        throw new InvalidInputException(
            $"{string.Join(", ", files)}: no rows: {corpus.Empty} rows, each with an empty text");
    }

    /// <summary>Tokenizes sentences, truncated to a length in tokens.</summary>
    public static Corpus From(IEnumerable<string> sentences, BertTokenizer tokenizer, int maxLength)
    {
        Corpus corpus = new();
        foreach (string sentence in sentences) corpus.Add([sentence], tokenizer, maxLength);
        return corpus;
    }

    /// <summary>Texts of a row: 1, or 2 or 3 with a positive and a hard negative of its own.</summary>
    public int Columns { get; private init; } = 1;

    /// <summary>The number of rows.</summary>
    public int Count => _lines.Count;

    /// <summary>The number of rows skipped because of an empty text.</summary>
    public long Empty { get; private set; }

    /// <summary>Lines about files that may differ from what their author meant.</summary>
    public IReadOnlyList<string> Remarks { get; private set; } = [];

    /// <summary>The number of sentences truncated.</summary>
    public long Truncated { get; private set; }

    /// <summary>The ids of a row's first text, and its line, counted from 0 over all files.</summary>
    public (int[] Ids, uint Line) this[int row] => (Text(row, 0), _lines[row]);

    /// <summary>Returns the ids of one of the texts of a row.</summary>
    public int[] Text(int row, int column) => _texts[row * Columns + column];

    /// <summary>Returns a digest of all ids and lines: they determine the batches and the random draws.</summary>
    public string Digest()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < _texts.Count; i++)
            hash.AppendData(MemoryMarshal.AsBytes<int>([(int)_lines[i / Columns], _texts[i].Length, .. _texts[i]]));
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
    /// Returns the rows of a step, counted from 1 over all epochs. The order is that of the step's epoch.
    /// </summary>
    public ReadOnlySpan<int> BatchOfStep(int[] order, int step, int batchSize) =>
        Batch(order, (step - 1) % Batches(batchSize), batchSize);

    void Add(ReadOnlySpan<string> texts, BertTokenizer tokenizer, int maxLength)
    {
        uint line = _nextLine++;
        foreach (string text in texts)
            if (string.IsNullOrWhiteSpace(text))
            {
                Empty++;
                return;
            }
        foreach (string text in texts)
        {
            _ids.Clear();
            if (tokenizer.Encode(text, maxLength, _ids)) Truncated++;
            _texts.Add([.. _ids]);
        }
        _lines.Add(line);
    }
}
