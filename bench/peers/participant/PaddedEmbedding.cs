using System.Diagnostics;
using System.Runtime.InteropServices;
using FastBertTokenizer;

namespace EsimCse.Peers;

/// <summary>
/// Embedding in a framework that knows padded batches only, as its users make it fast: a quick tokenizer, sentences
/// sorted by length, and the batch size that is the fastest on the text.
/// </summary>
public abstract class PaddedEmbedding : IParticipant
{
    /// <summary>Number of times each batch size is tried: the first includes one-time work.</summary>
    const int Trials = 2;

    static readonly int[] BatchSizes = [8, 32];

    readonly BertTokenizer _tokenizer = new();
    readonly string[] _text;
    readonly int _maxLength;
    readonly long[] _ids;
    readonly long[] _mask;
    int _batchSize = BatchSizes[0];

    /// <summary>Loads the tokenizer of a model folder, and the text of the rounds, a sentence a line.</summary>
    protected PaddedEmbedding(string model, string text, int maxLength)
    {
        using StreamReader vocabulary = new(Path.Combine(model, "vocab.txt"));
        _tokenizer.LoadVocabulary(vocabulary, convertInputToLowercase: true);
        _text = File.ReadAllLines(text);
        _maxLength = maxLength;
        _ids = new long[maxLength];
        _mask = new long[maxLength];
    }

    /// <inheritdoc/>
    public string Settings => $"batches of {_batchSize} sorted by length";

    /// <summary>Computes the vectors of a batch, [rows, hidden].</summary>
    protected abstract float[] Embed(PaddedBatch batch);

    /// <summary>Takes the batch size that is the fastest.</summary>
    protected void ChooseBatchSize()
    {
        Embed(_text[..Math.Min(_text.Length, _batchSize)]);
        _batchSize = BatchSizes.MinBy(size => Enumerable.Range(0, Trials).Min(_ => Time(size)));
    }

    /// <inheritdoc/>
    public void Run() => Embed(_text);

    /// <inheritdoc/>
    public void Check(string input, string output)
    {
        float[][] vectors = Embed(File.ReadAllLines(input));
        using FileStream file = File.Create(output);
        foreach (float[] vector in vectors) file.Write(MemoryMarshal.AsBytes<float>(vector));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the model.</summary>
    protected abstract void Dispose(bool disposing);

    TimeSpan Time(int batchSize)
    {
        _batchSize = batchSize;
        long start = Stopwatch.GetTimestamp();
        Embed(_text);
        return Stopwatch.GetElapsedTime(start);
    }

    float[][] Embed(string[] text)
    {
        long[][] sentences = [.. text.Select(Tokenize)];
        int[] order = [.. Enumerable.Range(0, sentences.Length).OrderBy(row => sentences[row].Length)];
        float[][] vectors = new float[text.Length][];
        foreach (int[] rows in order.Chunk(_batchSize))
        {
            float[] computed = Embed(PaddedBatch.Create(sentences, rows));
            int width = computed.Length / rows.Length;
            for (int i = 0; i < rows.Length; i++) vectors[rows[i]] = computed.AsSpan(i * width, width).ToArray();
        }
        return vectors;
    }

    long[] Tokenize(string sentence)
    {
        int count = _tokenizer.Encode(sentence, _ids, _mask);
        return _ids.AsSpan(0, count).ToArray();
    }
}
