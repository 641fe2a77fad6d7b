using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;

namespace EsimCseNative;

/// <summary>
/// A sentence encoder loaded from a model folder: text in, vectors out. Thread-safe; calls share one device, on which
/// they run one after the other.
/// </summary>
public sealed partial class SentenceEncoder : IDisposable
{
    readonly IBackend _backend;
    readonly BertParameters _bert;
    readonly Embedder _embedder;
    readonly Lock _deviceLock = new();
    long _truncated;

    SentenceEncoder(IBackend backend, ModelFolder folder, EncoderOptions options)
    {
        _backend = backend;
        Folder = folder;
        Tokenizer = BertTokenizer.Load(folder.EncoderPath);
        Pooler = options.Pooler ?? folder.Pooler;
        Normalize = options.Normalize ?? folder.Normalize;
        MaxLength = options.MaxLength ?? folder.LengthLimit(Tokenizer.ModelMaxLength);
        if (MaxLength < 2 || MaxLength > folder.Config.MaxPositions) throw WrongLength();
        if (Tokenizer.VocabularySize > folder.Config.VocabularySize) throw WrongVocabulary();

        using ModelTensors tensors = ModelTensors.Open(folder.EncoderPath, folder.Config.Family);
        string? dense = Pooler.HasHead && options.Pooler is null ? folder.Dense : null;
        if (Pooler.HasHead && dense is null && !tensors.Contains(Modules.HeadWeight)) throw MissingHead();
        ElementType stored = options.Device.PrecisionOn(backend, training: false);
        ulong? headSeed = dense is null ? null : 0;
        _bert = BertParameters.Load(backend, folder.Config, tensors, Pooler.HasHead, headSeed, stored);
        if (dense is not null) LoadDense(dense);
        _embedder = new Embedder(backend, folder.Config, Pooler);
    }

    /// <summary>The model folder.</summary>
    public ModelFolder Folder { get; }

    /// <summary>The tokenizer.</summary>
    public BertTokenizer Tokenizer { get; }

    /// <summary>The pooler in use.</summary>
    public Pooler Pooler { get; }

    /// <summary>Whether vectors are divided by their norms.</summary>
    public bool Normalize { get; }

    /// <summary>Tokens of a sentence at most, [CLS] and [SEP] included; longer sentences are truncated.</summary>
    public int MaxLength { get; }

    /// <summary>Elements of a vector.</summary>
    public int Dimension => Folder.Config.HiddenSize;

    /// <summary>Number of sentences truncated to <see cref="MaxLength"/> since the encoder was loaded.</summary>
    public long Truncated => Interlocked.Read(ref _truncated);

    ModuleNames Modules => Folder.Config.Family.Modules;

    /// <summary>Loads a folder of the layout of Hugging Face or sentence-transformers.</summary>
    /// <exception cref="InvalidInputException">The folder is missing, or a file in it is not valid.</exception>
    /// <exception cref="UsageException">An option is out of its range.</exception>
    /// <exception cref="DeviceException">The device is missing or failed.</exception>
    public static SentenceEncoder Load(string path, EncoderOptions? options = null)
    {
        options ??= new EncoderOptions();
        ModelFolder folder = ModelFolder.Read(path);
        IBackend backend = options.Device.Open(folder.Config, options.Logger);
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

    /// <summary>Computes the vector of each sentence, in order.</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public float[][] Encode(IReadOnlyList<string> sentences, CancellationToken cancellation = default)
    {
        float[] vectors = Encode(Tokenize(sentences), cancellation);
        return [.. vectors.Chunk(Dimension)];
    }

    /// <summary>Computes the vector of a sentence.</summary>
    /// <exception cref="InvalidInputException">The vector is not finite.</exception>
    public float[] Encode(string sentence) => Encode([sentence])[0];

    /// <summary>Computes the cosine of two sentences, −1 … 1.</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public double Similarity(string first, string second)
    {
        float[][] vectors = Encode([first, second]);
        return SetScore.Cosine(vectors[0], vectors[1]);
    }

    /// <summary>Returns the ids of each sentence, truncated to <see cref="MaxLength"/>.</summary>
    public IReadOnlyList<int[]> Tokenize(IReadOnlyList<string> sentences)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        int[][] all = new int[sentences.Count][];
        List<int> ids = [];
        int truncated = 0;
        for (int i = 0; i < all.Length; i++)
        {
            ids.Clear();
            if (Tokenizer.Encode(sentences[i], MaxLength, ids)) truncated++;
            all[i] = [.. ids];
        }
        Interlocked.Add(ref _truncated, truncated);
        return all;
    }

    /// <summary>Computes the vectors of tokenized sentences, [sentences, dimension].</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public float[] Encode(IReadOnlyList<int[]> sentences, CancellationToken cancellation = default) =>
        Encode(sentences, row => $"line {row + 1}", cancellation);

    /// <summary>Computes the vectors of a part of a text, [sentences, dimension].</summary>
    /// <param name="sentences">The ids, [CLS] and [SEP] included.</param>
    /// <param name="describe">Returns the file and line of a sentence, by its index, for errors.</param>
    /// <param name="cancellation">Stops before the next batch.</param>
    /// <exception cref="InvalidInputException">A vector is not finite; the message names its line.</exception>
    internal float[] Encode(
        IReadOnlyList<int[]> sentences, Func<int, string> describe, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        lock (_deviceLock)
        {
            float[] vectors = _embedder.Embed(_bert.Weights, sentences, cancellation);
            for (int row = 0; row < sentences.Count; row++)
                CheckAndNormalize(vectors.AsSpan(row * Dimension, Dimension), row, describe);
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

    void CheckAndNormalize(Span<float> vector, int row, Func<int, string> describe)
    {
        double squares = 0;
        foreach (float value in vector) squares += (double)value * value;
        if (!double.IsFinite(squares))
            throw new InvalidInputException($"{describe(row)}: the vector of this sentence is not finite");
        if (!Normalize) return;
        float scale = (float)(1 / Math.Max(Math.Sqrt(squares), 1e-12));
        foreach (ref float value in vector) value *= scale;
    }

    /// <summary>Loads sentence-transformers' Dense module in place of pooler.dense.</summary>
    void LoadDense(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        Load("linear.weight", Modules.HeadWeight);
        Load("linear.bias", Modules.HeadBias);

        void Load(string stored, string name)
        {
            ParameterTensor tensor = _bert.Layout.ByName[name];
            file.Tensors.TryGetValue(stored, out StoredTensor? found);
            IEnumerable<long> expected = tensor.Shape.Select(size => (long)size);
            if (found is null || !found.Shape.SequenceEqual(expected))
                throw WrongShape(file.Path, stored, found, tensor);
            _bert.Set(tensor, file.ReadFinite(found));
        }
    }

    UsageException WrongLength() =>
        new($"length {MaxLength}, expected 2 … {Folder.Config.MaxPositions}, the model's positions");

    InvalidInputException WrongVocabulary()
    {
        string found = $"the tokenizer has {Tokenizer.VocabularySize} ids";
        return new($"{Folder.EncoderPath}: {found}, config.json says vocab_size {Folder.Config.VocabularySize}");
    }

    InvalidInputException MissingHead()
    {
        string tensor = $"the tensor '{Modules.HeadWeight}', which is missing from the weights";
        return new($"{Folder.EncoderPath}: pooler {Pooler} needs {tensor}");
    }

    static InvalidInputException WrongShape(string path, string stored, StoredTensor? found, ParameterTensor expected)
    {
        string shape = found is null ? "none" : $"shape [{string.Join(",", found.Shape)}]";
        return new($"{path}: tensor '{stored}': found {shape}, expected [{string.Join(",", expected.Shape)}]");
    }
}
