using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;

namespace EsimCseNative;

/// <summary>A sentence encoder from a folder: text in, vectors out. Safe for use by several threads, one call at a time.</summary>
public sealed partial class SentenceEncoder : IDisposable
{
    readonly IBackend _backend;
    readonly BertParameters _bert;
    readonly Embedder _embedder;
    readonly Lock _oneAtATime = new();

    SentenceEncoder(IBackend backend, ModelFolder folder, EncoderOptions options)
    {
        (_backend, Folder) = (backend, folder);
        Tokenizer = BertTokenizer.Load(folder.EncoderPath);
        Pooler = options.Pooler ?? folder.Pooler;
        Normalize = options.Normalize ?? folder.Normalize;
        MaxLength = options.MaxLength ?? folder.LengthLimit(Tokenizer.ModelMaxLength);
        if (MaxLength < 2 || MaxLength > folder.Config.MaxPositions)
            throw new ArgumentOutOfRangeException(nameof(options), $"length {MaxLength}, expected 2 … {folder.Config.MaxPositions}, the model's positions");
        if (Tokenizer.VocabularySize > folder.Config.VocabularySize)
            throw new InvalidInputException($"{folder.EncoderPath}: the tokenizer has {Tokenizer.VocabularySize} ids, config.json says vocab_size {folder.Config.VocabularySize}");
        using ModelTensors tensors = ModelTensors.Open(folder.EncoderPath);
        bool head = Pooler.HasHead, dense = head && options.Pooler is null && folder.Dense is not null;
        if (head && !dense && !tensors.Contains("pooler.dense.weight"))
            throw new InvalidInputException($"{folder.EncoderPath}: pooler {Pooler} needs the tensor 'pooler.dense.weight', which is missing from the weights");
        _bert = BertParameters.Load(backend, folder.Config, tensors, head, headSeed: dense ? 0 : null, options.Device.PrecisionOn(backend, training: false));
        if (dense) LoadDense(folder.Dense!);
        _embedder = new Embedder(backend, folder.Config, Pooler);
    }

    /// <summary>What the folder says.</summary>
    public ModelFolder Folder { get; }

    /// <summary>The tokenizer.</summary>
    public BertTokenizer Tokenizer { get; }

    /// <summary>The pooler in use.</summary>
    public Pooler Pooler { get; }

    /// <summary>Whether vectors are divided by their norms.</summary>
    public bool Normalize { get; }

    /// <summary>The most tokens that a sentence may have, [CLS] and [SEP] counted.</summary>
    public int MaxLength { get; }

    /// <summary>Elements of a vector.</summary>
    public int Dimension => Folder.Config.HiddenSize;

    /// <summary>Sentences that were cut off at <see cref="MaxLength"/> so far.</summary>
    public long Truncated { get; private set; }

    /// <summary>Opens a folder of Hugging Face's or sentence-transformers' layout.</summary>
    /// <exception cref="InvalidInputException">The folder or something in it is not what it must be.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="DeviceException">There is no such device.</exception>
    public static SentenceEncoder Load(string path, EncoderOptions? options = null)
    {
        options ??= new EncoderOptions();
        ModelFolder folder = ModelFolder.Read(path);
        IBackend backend = options.Device.Open(folder.Config, options.Say);
        try
        {
            return new SentenceEncoder(backend, folder, options);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>The vector of each sentence, in order.</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public float[][] Encode(IReadOnlyList<string> sentences, CancellationToken cancellation = default)
    {
        float[] vectors = Encode(Tokenize(sentences), cancellation);
        return [.. Enumerable.Range(0, sentences.Count).Select(row => vectors[(row * Dimension)..((row + 1) * Dimension)])];
    }

    /// <summary>The vector of a sentence.</summary>
    public float[] Encode(string sentence) => Encode([sentence])[0];

    /// <summary>The cosine of two sentences, −1 … 1.</summary>
    public double Similarity(string first, string second)
    {
        float[][] vectors = Encode([first, second]);
        return SetScore.Cosine(vectors[0], vectors[1]);
    }

    /// <summary>The ids of each sentence, cut off at <see cref="MaxLength"/>.</summary>
    public IReadOnlyList<int[]> Tokenize(IReadOnlyList<string> sentences)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        List<int> ids = [];
        int[][] all = new int[sentences.Count][];
        for (int i = 0; i < all.Length; i++)
        {
            ids.Clear();
            if (Tokenizer.Encode(sentences[i], MaxLength, ids)) Truncated++;
            all[i] = [.. ids];
        }
        return all;
    }

    /// <summary>The vectors of sentences given by their ids, [sentences, dimension].</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public float[] Encode(IReadOnlyList<int[]> sentences, CancellationToken cancellation = default) => Encode(sentences, 0, cancellation);

    /// <summary>The vectors of a part of a text, [sentences, dimension].</summary>
    /// <param name="sentences">The ids, [CLS] and [SEP] included.</param>
    /// <param name="linesBefore">Lines of the text that came before these: an error counts on from there.</param>
    /// <param name="cancellation">Stops before the next batch.</param>
    /// <exception cref="InvalidInputException">A vector is not finite; the message names its line.</exception>
    public float[] Encode(IReadOnlyList<int[]> sentences, long linesBefore, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        lock (_oneAtATime)
        {
            float[] vectors = _embedder.Embed(_bert.Weights, sentences, cancellation);
            for (int row = 0; row < sentences.Count; row++) Finish(vectors.AsSpan(row * Dimension, Dimension), linesBefore + row + 1);
            return vectors;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _embedder.Dispose();
        _bert.Dispose();
        _backend.Dispose();
    }

    void Finish(Span<float> vector, long line)
    {
        double squares = 0;
        foreach (float value in vector) squares += (double)value * value;
        if (!double.IsFinite(squares)) throw new InvalidInputException($"line {line}: the vector of this sentence is not finite");
        if (!Normalize) return;
        float scale = (float)(1 / Math.Max(Math.Sqrt(squares), 1e-12));
        foreach (ref float value in vector) value *= scale;
    }

    void LoadDense(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        foreach ((string stored, string name) in new[] { ("linear.weight", "pooler.dense.weight"), ("linear.bias", "pooler.dense.bias") })
        {
            ParameterTensor tensor = _bert.Layout.ByName[name];
            if (!file.Tensors.TryGetValue(stored, out StoredTensor? found) || !found.Shape.SequenceEqual(tensor.Shape.Select(size => (long)size)))
                throw new InvalidInputException($"{file.Path}: tensor '{stored}': found {(found is null ? "none" : $"shape [{string.Join(",", found.Shape)}]")}, expected [{string.Join(",", tensor.Shape)}]");
            float[] values = new float[tensor.Count];
            file.ReadFinite(found, values);
            _bert.Set(tensor, values);
        }
    }
}

/// <summary>What to do otherwise than the folder says.</summary>
public sealed record EncoderOptions
{
    /// <summary>Replaces the folder's pooling and dense layer.</summary>
    public Pooler? Pooler { get; init; }

    /// <summary>Replaces the folder's normalisation.</summary>
    public bool? Normalize { get; init; }

    /// <summary>Tokens, 2 … the model's positions.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Where to compute; auto by default.</summary>
    public DeviceChoice Device { get; init; } = new();

    /// <summary>Told which device auto took.</summary>
    public Action<string>? Say { get; init; }
}
