using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// The order of the parameters in an arena. Parameters, gradients, moments, EMA weights and low-precision copies are
/// parallel arenas in this order, which is also the checkpoint's. Query, key and value are adjacent, so that one
/// matrix product computes all three; the heads are last.
/// </summary>
sealed class ParameterLayout
{
    const int Alignment = 16;

    readonly List<ParameterTensor> _tensors = [];
    readonly ModuleNames _names;
    readonly int _gap;

    /// <summary>Lays out an encoder, with or without its heads.</summary>
    /// <param name="config">The sizes and names.</param>
    /// <param name="head">Whether the head of the pooler cls is included.</param>
    /// <param name="gap">Unused elements before each tensor, for tests.</param>
    /// <param name="maskedLanguageHead">Whether the masked-language head is included.</param>
    public ParameterLayout(BertConfig config, bool head, int gap = 0, bool maskedLanguageHead = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        _gap = gap;
        _names = config.Family.Modules;
        int h = config.HiddenSize;
        AddMatrix(_names.WordEmbeddings, config.VocabularySize, h);
        AddMatrix(_names.PositionEmbeddings, config.PositionOffset + config.MaxPositions, h);
        AddMatrix(_names.TokenTypeEmbeddings, config.TypeVocabularySize, h);
        AddNorm(_names.EmbeddingNorm, h);
        for (int layer = 0; layer < config.Layers; layer++) AddLayer(_names.Layer(layer), h, config.IntermediateSize);
        if (head) AddLinear(_names.Head, h, h);
        if (maskedLanguageHead) AddMaskedLanguageHead(config.VocabularySize, h);
        Length = Align(End + gap);
        ByName = _tensors.ToDictionary(tensor => tensor.Name);
        HasHead = head;
        HasMaskedLanguageHead = maskedLanguageHead;
    }

    /// <summary>The tensors in the order of the arena.</summary>
    public IReadOnlyList<ParameterTensor> Tensors => _tensors;

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, ParameterTensor> ByName { get; }

    /// <summary>Elements of an arena.</summary>
    public long Length { get; }

    /// <summary>Whether the head of the pooler cls is included.</summary>
    public bool HasHead { get; }

    /// <summary>Whether the masked-language head is included; its decoder's weights are the word embeddings.</summary>
    public bool HasMaskedLanguageHead { get; }

    long End => _tensors.Count == 0 ? 0 : _tensors[^1].Offset + _tensors[^1].StoredCount;

    /// <summary>Returns the chunk table of <see cref="IBackend.AdamWUpdate"/>, row by row.</summary>
    public int[] Chunks()
    {
        List<int> chunks = [];
        foreach (ParameterTensor tensor in _tensors)
            for (long first = 0; first < tensor.StoredCount; first += ParameterChunk.MaximumLength)
            {
                int length = (int)Math.Min(ParameterChunk.MaximumLength, tensor.StoredCount - first);
                chunks.AddRange([checked((int)(tensor.Offset + first)), length, tensor.Flags]);
            }
        return [.. chunks];
    }

    void AddLayer(string prefix, int hidden, int intermediate)
    {
        string query = prefix + _names.Query;
        string key = prefix + _names.Key;
        string value = prefix + _names.Value;
        AddMatrix(query, hidden, hidden, ParameterChunk.Overwritten);
        AddMatrix(key, hidden, hidden, ParameterChunk.Overwritten, adjacent: true);
        AddMatrix(value, hidden, hidden, ParameterChunk.Overwritten, adjacent: true);
        AddVector(query + ".bias", hidden);
        AddVector(key + ".bias", hidden, adjacent: true);
        AddVector(value + ".bias", hidden, adjacent: true);
        AddLinear(prefix + _names.AttentionOutput, hidden, hidden, inLayer: true);
        AddNorm(prefix + _names.AttentionNorm, hidden);
        AddLinear(prefix + _names.FeedForwardUp, intermediate, hidden, inLayer: true);
        AddLinear(prefix + _names.FeedForwardDown, hidden, intermediate, inLayer: true);
        AddNorm(prefix + _names.FeedForwardNorm, hidden);
    }

    void AddMaskedLanguageHead(int vocabulary, int hidden)
    {
        AddLinear(_names.MaskedLanguageDense, hidden, hidden);
        Add(_names.MaskedLanguageNorm + ".weight", 1, hidden, flags: 0);
        Add(_names.MaskedLanguageNorm + ".bias", 1, hidden, flags: 0);
        Add(_names.MaskedLanguageBias, 1, vocabulary, flags: 0);
        // Of all sizes only the vocabulary's need not be a multiple of a device's vectors.
        _tensors[^1] = _tensors[^1] with { StoredCount = Align(vocabulary) };
    }

    /// <summary>Adds a linear layer of an encoder layer, or of a head.</summary>
    void AddLinear(string module, int rows, int columns, bool inLayer = false)
    {
        int weightFlags = inLayer ? ParameterChunk.Ema | ParameterChunk.Overwritten : 0;
        Add(module + ".weight", rows, columns, ParameterChunk.Decays | weightFlags);
        Add(module + ".bias", 1, rows, inLayer ? ParameterChunk.Ema : 0);
    }

    void AddNorm(string module, int size)
    {
        AddVector(module + ".weight", size);
        AddVector(module + ".bias", size);
    }

    void AddMatrix(string module, int rows, int columns, int flag = 0, bool adjacent = false) =>
        Add(module + ".weight", rows, columns, ParameterChunk.Decays | ParameterChunk.Ema | flag, adjacent);

    void AddVector(string name, int size, bool adjacent = false) => Add(name, 1, size, ParameterChunk.Ema, adjacent);

    void Add(string name, int rows, int columns, int flags, bool adjacent = false)
    {
        long offset = adjacent ? End : Align(End + _gap);
        _tensors.Add(new ParameterTensor(name, offset, rows, columns, flags));
    }

    static long Align(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
