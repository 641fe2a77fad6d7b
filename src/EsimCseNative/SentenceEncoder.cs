using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;
using EsimCseNative.Hub;

namespace EsimCseNative;

/// <summary>
/// A sentence encoder loaded from a model folder: text in, vectors out. Thread-safe; calls share the devices, on
/// which they run one after the other.
/// </summary>
public sealed partial class SentenceEncoder : IDisposable
{
    readonly IReadOnlyList<DeviceModel> _models;
    readonly EmbeddingDevices _devices;
    readonly int _threads;
    long _truncated;
    long _tokens;

    SentenceEncoder(IReadOnlyList<IBackend> backends, ModelFolder folder, EncoderOptions options)
    {
        _threads = options.Device.Threads ?? Environment.ProcessorCount;
        Folder = folder;
        ModelId = folder.Path;
        Tokenizer = BertTokenizer.Load(folder.EncoderPath, folder.LowerCase);
        Normalize = options.Normalize ?? folder.Normalize;
        MaxLength = options.MaxLength ?? folder.LengthLimit(Tokenizer.ModelMaxLength);
        if (MaxLength < 2 || MaxLength > folder.Config.MaxPositions) throw WrongLength();
        Tokenizer.CheckFits(folder.Config.VocabularySize);
        if (options.Logger is { } logger)
            foreach (string remark in Tokenizer.Remarks) Log.TokenizerRemark(logger, remark);

        Prompt = FindPrompt(folder, options);
        RequirePooled(Prompt);

        _models = [.. backends.Select(backend => new DeviceModel(backend, folder, options.Device))];
        Device = string.Join(", ", backends.Select(backend => backend.Name));
        _devices = new EmbeddingDevices([.. _models.Select(model => (model.Embedder, model.Weights))]);
        if (options.Dimensions is { } dimensions && (dimensions < 1 || dimensions > Width))
            throw WrongDimensions(dimensions);
        Dimension = Math.Min(options.Dimensions ?? folder.Encoding.Dimension ?? int.MaxValue, Width);
        Form = new VectorForm(Dimension, Normalize, NormalizesAgain: Normalize && options.Dimensions is not null);
    }

    /// <summary>The settings of the model folder, with the pooler of the options in place of its own.</summary>
    public ModelFolder Folder { get; }

    /// <summary>The tokenizer.</summary>
    public BertTokenizer Tokenizer { get; }

    /// <summary>The pooler in use.</summary>
    public Pooler Pooler => Folder.Pooler;

    /// <summary>Whether vectors are divided by their norms.</summary>
    public bool Normalize { get; }

    /// <summary>Tokens of a sentence at most, [CLS] and [SEP] included; longer sentences are truncated.</summary>
    public int MaxLength { get; }

    /// <summary>The text that goes before every sentence; may be empty.</summary>
    public string Prompt { get; }

    /// <summary>Elements of a vector.</summary>
    public int Dimension { get; }

    /// <summary>The type to which the operands of matrix products are rounded.</summary>
    public ElementType Precision => _models[0].Precision;

    /// <summary>The name of the device, with its number of threads on the CPU; of several those of all.</summary>
    public string Device { get; }

    /// <summary>The name of the model: its folder as it was given, or its id on the hub.</summary>
    public string ModelId { get; private set; }

    /// <summary>Number of tokens of all sentences since the encoder was loaded, special tokens included.</summary>
    public long Tokens => Interlocked.Read(ref _tokens);

    /// <summary>Number of sentences truncated to <see cref="MaxLength"/> since the encoder was loaded.</summary>
    public long Truncated => Interlocked.Read(ref _truncated);

    /// <summary>The form of the vectors.</summary>
    internal VectorForm Form { get; }

    /// <summary>Elements of a vector before it is truncated.</summary>
    internal int Width => Packer.Width;

    /// <summary>The most tokens of a batch of several sentences that the device takes at a time.</summary>
    internal int TokenBudget => Packer.TokenBudget;

    /// <summary>The embedder that packs batches, for all devices.</summary>
    Embedder Packer => _models[0].Embedder;

    /// <summary>Loads a model of the layout of Hugging Face or sentence-transformers.</summary>
    /// <param name="path">
    /// The model's folder or, where there is none of that name, its id on the Hugging Face hub, from which it is
    /// downloaded unless it is in the cache; see <see cref="HubModel"/>.
    /// </param>
    /// <param name="options">Settings in place of the model's own.</param>
    /// <exception cref="InvalidInputException">The model is missing, or a file of it is not valid.</exception>
    /// <exception cref="IOException">The hub cannot be reached, or the disk is full.</exception>
    /// <exception cref="UsageException">An option is out of its range.</exception>
    /// <exception cref="DeviceException">The device is missing or failed.</exception>
    public static SentenceEncoder Load(string path, EncoderOptions? options = null)
    {
        options ??= new EncoderOptions();
        ModelFolder folder = ModelFolder.Read(HubModel.Resolve(path, logger: options.Logger));
        if (options.Pooler is { } pooler) folder = folder.WithPooler(pooler);
        SentenceEncoder encoder = LoadTo(options.Device.OpenAll(folder, options.Logger), folder, options);
        encoder.ModelId = path;
        return encoder;
    }

    /// <summary>Loads a folder to devices, which the encoder then owns.</summary>
    /// <inheritdoc cref="Load(string, EncoderOptions?)"/>
    internal static SentenceEncoder LoadTo(
        IReadOnlyList<IBackend> backends, ModelFolder folder, EncoderOptions options)
    {
        try
        {
            return new SentenceEncoder(backends, folder, options);
        }
        catch
        {
            foreach (IBackend backend in backends) backend.Dispose();
            throw;
        }
    }

    /// <summary>Computes the vector of each sentence, in order.</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public float[][] Encode(IReadOnlyList<string> sentences, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        // Threads are worth their start from some sentences on.
        if (sentences.Count <= ChunkSize)
            return [.. Encode(Tokenize(sentences), cancellation).Chunk(Dimension)];
        return [.. Encode(sentences.Select(Row), cancellation).SelectMany(part => part.Chunk(Dimension))];

        static SentenceRow Row(string text, int index) => new(text, new(File: null, index + 1));
    }

    /// <summary>Computes the vector of a sentence.</summary>
    /// <exception cref="InvalidInputException">The vector is not finite.</exception>
    public float[] Encode(string sentence) => Encode([sentence])[0];

    /// <summary>
    /// Returns the ids of each sentence after <see cref="Prompt"/>, truncated to <see cref="MaxLength"/>.
    /// </summary>
    public IReadOnlyList<int[]> Tokenize(IReadOnlyList<string> sentences) => Tokenize(sentences, Prompt);

    /// <summary>Returns the ids of each sentence after a prompt, truncated to <see cref="MaxLength"/>.</summary>
    internal IReadOnlyList<int[]> Tokenize(IReadOnlyList<string> sentences, string prompt)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        int[][] all = new int[sentences.Count][];
        List<int> ids = [];
        int truncated = 0;
        for (int i = 0; i < all.Length; i++)
        {
            ids.Clear();
            string text = prompt.Length > 0 ? prompt + sentences[i] : sentences[i];
            if (Tokenizer.Encode(text, MaxLength, ids)) truncated++;
            all[i] = [.. ids];
        }
        long tokens = all.Sum(ids => (long)ids.Length);
        Interlocked.Add(ref _truncated, truncated);
        Interlocked.Add(ref _tokens, tokens);
        Telemetry.CountTokens(tokens, truncated);
        return all;
    }

    /// <summary>
    /// Returns the number of tokens of a sentence after <see cref="Prompt"/>, special tokens included, before it is
    /// truncated to <see cref="MaxLength"/>.
    /// </summary>
    public int CountTokens(string sentence)
    {
        ArgumentNullException.ThrowIfNull(sentence);
        return Tokenizer.Encode(Prompt + sentence).Length;
    }

    /// <summary>Computes the vectors of tokenized sentences, [sentences, dimension].</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public float[] Encode(IReadOnlyList<int[]> sentences, CancellationToken cancellation = default) =>
        Encode(sentences, row => new(File: null, row + 1), cancellation);

    /// <summary>Computes the vectors of a part of a text, [sentences, dimension].</summary>
    /// <param name="sentences">The ids, [CLS] and [SEP] included.</param>
    /// <param name="place">Returns the place of a sentence, by its index, for errors.</param>
    /// <param name="cancellation">Stops before the next batch.</param>
    /// <exception cref="InvalidInputException">A vector is not finite; the message names its line.</exception>
    internal float[] Encode(
        IReadOnlyList<int[]> sentences, Func<int, RowPlace> place, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        for (int row = 0; row < sentences.Count; row++)
            if (sentences[row].Length == 0) throw NoTokens(place(row));
        using Telemetry.Call call = Telemetry.StartCall(sentences.Count, Device);
        float[] all = GC.AllocateUninitializedArray<float>(checked(sentences.Count * Dimension));
        int done = 0;
        foreach (float[] vectors in _devices.Embed(Packer.Pack(sentences), cancellation))
        {
            int first = done / Dimension;
            float[] finished = Finish(vectors, row => place(first + row));
            finished.CopyTo(all, done);
            done += finished.Length;
        }
        return all;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DeviceModel model in _models) model.Dispose();
    }

    /// <summary>Checks, normalizes and truncates the vectors of a batch.</summary>
    float[] Finish(float[] vectors, Func<int, RowPlace> place)
    {
        int width = Width;
        int rows = vectors.Length / width;
        Telemetry.CountSentences(rows);
        float[] finished = Dimension == width ? vectors : new float[rows * Dimension];
        for (int row = 0; row < rows; row++)
        {
            Span<float> vector = vectors.AsSpan(row * width, width);
            if (!Form.TryApply(vector)) throw NotFinite(place(row));
            if (Dimension < width) vector[..Dimension].CopyTo(finished.AsSpan(row * Dimension));
        }
        return finished;
    }

    /// <summary>Returns one of the folder's prompts.</summary>
    /// <exception cref="InvalidInputException">The folder's pooling leaves prompts out, which is not done.</exception>
    /// <exception cref="UsageException">There is none of that name.</exception>
    internal string FindPrompt(string name)
    {
        string prompt = FindPrompt(Folder, new EncoderOptions { PromptName = name });
        RequirePooled(prompt);
        return prompt;
    }

    static string FindPrompt(ModelFolder folder, EncoderOptions options)
    {
        if (options.PromptName is not { } name) return options.Prompt ?? folder.Prompt;
        if (options.Prompt is { } text) throw TwoPrompts(text, name);
        return folder.Prompts.TryGetValue(name, out string? prompt) ? prompt : throw UnknownPrompt(name, folder);
    }

    void RequirePooled(string prompt)
    {
        if (Folder.Pooling is { ExcludesPrompt: true } pooling && prompt.Length > 0)
            throw pooling.PromptNotExcluded();
    }

    UsageException WrongLength() =>
        new($"length {MaxLength}, expected 2 … {Folder.Config.MaxPositions}, the model's positions");

    UsageException WrongDimensions(int found) =>
        new($"dimensions {found}, expected 1 … {Width}, the width of the model's vectors");

    static UsageException TwoPrompts(string text, string name) =>
        new($"found the prompt '{text}' and the prompt name '{name}', expected one of the two");

    static UsageException UnknownPrompt(string name, ModelFolder folder)
    {
        string expected = folder.Prompts.Count == 0
            ? "none: the folder has no prompts"
            : $"one of the folder's prompts: {string.Join(", ", folder.Prompts.Keys)}";
        return new($"prompt name '{name}', expected {expected}");
    }

    static InvalidInputException NotFinite(RowPlace place) =>
        new($"{place}: the vector of this sentence is not finite");

    static InvalidInputException NoTokens(RowPlace place) =>
        new($"{place}: no tokens: the tokenizer adds no special tokens to this text");
}
