using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>One tensor of an arena of parameters.</summary>
/// <param name="Name">As Hugging Face's BertModel names it.</param>
/// <param name="Offset">Its first element in the arena.</param>
/// <param name="Rows">1 for a vector.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Flags">Of <see cref="ParameterChunk"/>.</param>
public sealed record ParameterTensor(string Name, long Offset, int Rows, int Columns, int Flags)
{
    /// <summary>Rows × Columns.</summary>
    public long Count => (long)Rows * Columns;

    /// <summary>The shape as it is stored: one dimension for a vector.</summary>
    public int[] Shape => (Flags & ParameterChunk.Decays) != 0 ? [Rows, Columns] : [Columns];

    /// <summary>The tensor in an arena of this layout.</summary>
    public Matrix In(Matrix arena) => new(arena.Address + (nint)(Offset * arena.Type.Size()), Rows, Columns, arena.Type);
}

/// <summary>
/// Where each parameter lies in an arena. Parameters, gradients, moments and averages are parallel arenas in this one order, which is also the checkpoint's.
/// Query, key and value lie side by side, so that one product serves all three; the head comes last.
/// </summary>
public sealed class ParameterLayout
{
    const int Alignment = 16;

    readonly List<ParameterTensor> _tensors = [];
    readonly int _gap;

    /// <summary>The layout of an encoder, with or without the head pooler.dense; <paramref name="gap"/> elements of nothing between tensors, for tests.</summary>
    public ParameterLayout(BertConfig config, bool head, int gap = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        _gap = gap;
        int h = config.HiddenSize;
        Add("embeddings.word_embeddings.weight", config.VocabularySize, h);
        Add("embeddings.position_embeddings.weight", config.MaxPositions, h);
        Add("embeddings.token_type_embeddings.weight", config.TypeVocabularySize, h);
        AddNorm("embeddings.LayerNorm", h);
        for (int layer = 0; layer < config.Layers; layer++) AddLayer($"encoder.layer.{layer}.", h, config.IntermediateSize);
        if (head) AddLinear("pooler.dense", h, h, averaged: 0);
        Length = Aligned(_tensors[^1].Offset + _tensors[^1].Count + gap);
        ByName = _tensors.ToDictionary(tensor => tensor.Name);
        HasHead = head;
    }

    /// <summary>The tensors in the order of the arena.</summary>
    public IReadOnlyList<ParameterTensor> Tensors => _tensors;

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, ParameterTensor> ByName { get; }

    /// <summary>Elements of an arena.</summary>
    public long Length { get; }

    /// <summary>Whether pooler.dense is a part of it.</summary>
    public bool HasHead { get; }

    /// <summary>The rows of the table that <see cref="IBackend.AdamWUpdate"/> walks by.</summary>
    public int[] Chunks()
    {
        List<int> chunks = [];
        foreach (ParameterTensor tensor in _tensors)
            for (long first = 0; first < tensor.Count; first += ParameterChunk.MaximumLength)
                chunks.AddRange([checked((int)(tensor.Offset + first)), (int)Math.Min(ParameterChunk.MaximumLength, tensor.Count - first), tensor.Flags]);
        return [.. chunks];
    }

    void AddLayer(string prefix, int hidden, int intermediate)
    {
        string[] parts = ["query", "key", "value"];
        foreach (string part in parts) Add($"{prefix}attention.self.{part}.weight", hidden, hidden, joined: part != "query");
        foreach (string part in parts) AddVector($"{prefix}attention.self.{part}.bias", hidden, joined: part != "query");
        AddLinear($"{prefix}attention.output.dense", hidden, hidden);
        AddNorm($"{prefix}attention.output.LayerNorm", hidden);
        AddLinear($"{prefix}intermediate.dense", intermediate, hidden);
        AddLinear($"{prefix}output.dense", hidden, intermediate);
        AddNorm($"{prefix}output.LayerNorm", hidden);
    }

    void AddLinear(string name, int rows, int columns, int averaged = ParameterChunk.Ema)
    {
        Place(name + ".weight", rows, columns, ParameterChunk.Decays | averaged, joined: false);
        Place(name + ".bias", 1, rows, averaged, joined: false);
    }

    void AddNorm(string name, int size)
    {
        AddVector(name + ".weight", size);
        AddVector(name + ".bias", size);
    }

    void Add(string name, int rows, int columns, bool joined = false) =>
        Place(name, rows, columns, ParameterChunk.Decays | ParameterChunk.Ema, joined);

    void AddVector(string name, int size, bool joined = false) => Place(name, 1, size, ParameterChunk.Ema, joined);

    void Place(string name, int rows, int columns, int flags, bool joined)
    {
        long end = _tensors.Count == 0 ? 0 : _tensors[^1].Offset + _tensors[^1].Count;
        _tensors.Add(new ParameterTensor(name, joined ? end : Aligned(end + _gap), rows, columns, flags));
    }

    static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
