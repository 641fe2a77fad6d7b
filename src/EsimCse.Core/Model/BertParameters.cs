using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>The parameters of an encoder in a device's memory.</summary>
sealed class BertParameters : IDisposable
{
    /// <summary>The Philox site of newly drawn weights.</summary>
    const uint InitializationSite = 0x1002;

    readonly Arena _arena;

    BertParameters(
        IBackend backend,
        BertConfig config,
        bool head,
        bool maskedLanguageHead,
        ElementType stored,
        int gap)
    {
        if (!backend.SupportsDataType(stored))
            throw new ArgumentException($"{backend.Name} does not support activations in {stored.Name()}");
        Backend = backend;
        Config = config;
        Layout = new ParameterLayout(config, head, gap, maskedLanguageHead);
        _arena = new Arena(backend);
        int length = checked((int)Layout.Length);
        bool lowPrecision = stored != ElementType.Float32;
        long copyBytes = lowPrecision ? (long)stored.Size() * length : 0;
        _arena.Reset(sizeof(float) * (long)length + copyBytes + 2 * Arena.Alignment);
        Matrix master = _arena.Allocate(1, length);
        Weights = new BertWeights(config, Layout, master, lowPrecision ? _arena.Allocate(1, length, stored) : default);
        ClearGaps();
    }

    /// <summary>The device.</summary>
    public IBackend Backend { get; }

    /// <summary>The sizes and names.</summary>
    public BertConfig Config { get; }

    /// <summary>The order of the parameters.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Views of the parameters.</summary>
    public BertWeights Weights { get; }

    /// <summary>Loads the weights of a model folder.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="config">The sizes and names.</param>
    /// <param name="tensors">The stored weights.</param>
    /// <param name="head">Whether to include the head.</param>
    /// <param name="headSeed">The seed of a newly drawn head; null to load the stored one.</param>
    /// <param name="stored">The element type of the activations.</param>
    /// <param name="gap">Unused elements before each tensor, for tests.</param>
    /// <param name="maskedLanguageSeed">
    /// The seed of the masked-language head where none is stored; null to leave that head out.
    /// </param>
    /// <exception cref="InvalidInputException">
    /// A tensor is missing, of another shape or not finite, or config and weights contradict each other.
    /// </exception>
    public static BertParameters Load(
        IBackend backend,
        BertConfig config,
        ModelTensors tensors,
        bool head,
        ulong? headSeed = null,
        ElementType stored = ElementType.Float32,
        int gap = 0,
        ulong? maskedLanguageSeed = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentNullException.ThrowIfNull(config);
        bool hasMaskedLanguageHead = maskedLanguageSeed is not null;
        bool drawsMaskedLanguageHead = hasMaskedLanguageHead && !tensors.HasMaskedLanguageHead;
        CheckShapes(config, tensors, head && headSeed is null, hasMaskedLanguageHead && !drawsMaskedLanguageHead);
        BertParameters bert = new(backend, config, head, hasMaskedLanguageHead, stored, gap);
        ModuleNames names = config.Family.Modules;
        try
        {
            foreach ((int index, ParameterTensor tensor) in bert.Layout.Tensors.Index())
            {
                ulong? seed = null;
                if (IsOf(names.Head + ".", tensor)) seed = headSeed;
                if (IsOf(names.MaskedLanguageHead, tensor) && drawsMaskedLanguageHead) seed = maskedLanguageSeed;
                bert.Set(tensor, seed is null ? tensors.Read(tensor) : bert.Draw(tensor, index, seed.Value));
            }
            return bert;
        }
        catch
        {
            bert.Dispose();
            throw;
        }
    }

    /// <summary>Draws all weights: matrices from N(0, initializer_range²), biases 0, gains 1.</summary>
    public static BertParameters Random(
        IBackend backend,
        BertConfig config,
        bool head,
        ulong seed,
        ElementType stored = ElementType.Float32,
        int gap = 0,
        bool maskedLanguageHead = false)
    {
        BertParameters bert = new(backend, config, head, maskedLanguageHead, stored, gap);
        foreach ((int index, ParameterTensor tensor) in bert.Layout.Tensors.Index())
            bert.Set(tensor, bert.Draw(tensor, index, seed));
        return bert;
    }

    /// <summary>Returns the elements of a parameter.</summary>
    public float[] Get(ParameterTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        float[] values = new float[tensor.Count];
        Backend.Download(tensor.In(Weights.Arena), values.AsSpan());
        return values;
    }

    /// <summary>Overwrites a parameter and its low-precision copy.</summary>
    public void Set(ParameterTensor tensor, float[] values)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        Matrix stored = tensor.StoredIn(Weights.Arena);
        if (values.Length < stored.Count) Array.Resize(ref values, stored.Columns);
        Backend.Upload<float>(values, stored);
        if (Weights.LowPrecision.IsPresent) Backend.Cast(stored, tensor.StoredIn(Weights.LowPrecision));
    }

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    /// <summary>Writes zeros between the parameters: checkpoints hold the whole arena.</summary>
    void ClearGaps()
    {
        long end = 0;
        foreach (ParameterTensor tensor in Layout.Tensors)
        {
            Clear(end, tensor.Offset);
            end = tensor.Offset + tensor.StoredCount;
        }
        Clear(end, Layout.Length);
    }

    void Clear(long first, long end)
    {
        if (first == end) return;
        float[] zeros = new float[end - first];
        nint address = Weights.Arena.Address + (nint)(first * sizeof(float));
        Backend.Upload<float>(zeros, Weights.Arena with { Address = address, Columns = zeros.Length });
    }

    /// <summary>
    /// Checks the stored tensors before memory is allocated, because a false config.json may ask for any amount.
    /// </summary>
    static void CheckShapes(BertConfig config, ModelTensors tensors, bool head, bool maskedLanguageHead)
    {
        if (tensors.Layers > config.Layers) throw tensors.MoreLayersThan(config.Layers);
        // One layer more than the weights have is enough to name the first missing tensor.
        BertConfig checkedLayers = config with { Layers = Math.Min(config.Layers, tensors.Layers + 1) };
        ParameterLayout layout = new(checkedLayers, head, maskedLanguageHead: maskedLanguageHead);
        foreach (ParameterTensor tensor in layout.Tensors) tensors.Find(tensor);
    }

    static bool IsOf(string module, ParameterTensor tensor) =>
        tensor.Name.StartsWith(module, StringComparison.Ordinal);

    float[] Draw(ParameterTensor tensor, int index, ulong seed)
    {
        float[] values = new float[tensor.Count];
        if (tensor.IsGain) Array.Fill(values, 1f);
        if (!tensor.IsVector) FillNormal(values, (uint)index, seed);
        return values;
    }

    /// <summary>
    /// Fills values by Box-Muller: two Philox words make two values. The tensor's index is part of the counter.
    /// </summary>
    void FillNormal(float[] values, uint tensor, ulong seed)
    {
        const double WordRange = 4294967296.0;
        for (int i = 0; i < values.Length; i += 2)
        {
            var block = Philox.Block((uint)(i / 2), InitializationSite, tensor, 0, seed);
            double radius = Math.Sqrt(-2 * Math.Log((block.W0 + 1.0) / WordRange));
            double angle = 2 * Math.PI * block.W1 / WordRange;
            values[i] = (float)(Config.InitializerRange * radius * Math.Cos(angle));
            if (i + 1 < values.Length) values[i + 1] = (float)(Config.InitializerRange * radius * Math.Sin(angle));
        }
    }
}
