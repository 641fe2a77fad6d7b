using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>The parameters of an encoder, in a device's memory.</summary>
public sealed class BertParameters : IDisposable
{
    /// <summary>Philox site from which newly drawn weights come.</summary>
    const uint InitializationSite = 0x1002;

    readonly Arena _arena;

    BertParameters(IBackend backend, BertConfig config, bool head, ElementType stored, int gap)
    {
        if (!backend.SupportsDataType(stored)) throw new ArgumentException($"{backend.Name} has no activations in {stored}");
        (Backend, Config) = (backend, config);
        Layout = new ParameterLayout(config, head, gap);
        _arena = new Arena(backend);
        int length = checked((int)Layout.Length);
        bool shadowed = stored != ElementType.Float32;
        _arena.Reset(length * (sizeof(float) + (shadowed ? (long)stored.Size() : 0)) + 2 * Arena.Alignment);
        Matrix arena = _arena.Allocate(1, length);
        Weights = new BertWeights(config, Layout, arena, shadowed ? _arena.Allocate(1, length, stored) : default);
    }

    /// <summary>The device.</summary>
    public IBackend Backend { get; }

    /// <summary>The sizes.</summary>
    public BertConfig Config { get; }

    /// <summary>Where each parameter lies.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>The parameters.</summary>
    public BertWeights Weights { get; }

    /// <summary>From stored weights. A head that is not stored is drawn where <paramref name="headSeed"/> says so. Activations will be of type <paramref name="stored"/>.</summary>
    /// <exception cref="InvalidInputException">A tensor is missing, of another shape, or not finite; or config and weights contradict each other.</exception>
    public static BertParameters Load(IBackend backend, BertConfig config, ModelTensors tensors, bool head, ulong? headSeed = null,
        ElementType stored = ElementType.Float32, int gap = 0)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentNullException.ThrowIfNull(config);
        if (tensors.Layers > config.Layers) throw new InvalidInputException($"the weights have {tensors.Layers} layers, config.json says num_hidden_layers {config.Layers}");
        // Before memory is taken, of which a config that lies asks for any amount: one layer more than the weights have is enough to name what is missing.
        foreach (ParameterTensor tensor in new ParameterLayout(config with { Layers = Math.Min(config.Layers, tensors.Layers + 1) }, head).Tensors)
            if (!IsDrawn(tensor)) tensors.Find(tensor);
        BertParameters bert = new(backend, config, head, stored, gap);
        try
        {
            foreach (ParameterTensor tensor in bert.Layout.Tensors)
                bert.Set(tensor, IsDrawn(tensor) ? bert.Draw(tensor, headSeed!.Value) : Read(tensors, tensor));
            return bert;
        }
        catch
        {
            bert.Dispose();
            throw;
        }

        bool IsDrawn(ParameterTensor tensor) => headSeed is not null && tensor.Name.StartsWith("pooler.", StringComparison.Ordinal);
    }

    /// <summary>Newly drawn: N(0, initializer range²), biases 0, gains 1.</summary>
    public static BertParameters Random(IBackend backend, BertConfig config, bool head, ulong seed, ElementType stored = ElementType.Float32, int gap = 0)
    {
        BertParameters bert = new(backend, config, head, stored, gap);
        foreach (ParameterTensor tensor in bert.Layout.Tensors) bert.Set(tensor, bert.Draw(tensor, seed));
        return bert;
    }

    /// <summary>The elements of a parameter.</summary>
    public float[] Get(ParameterTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        float[] values = new float[tensor.Count];
        Backend.Download(tensor.In(Weights.Arena), values.AsSpan());
        return values;
    }

    /// <summary>Overwrites a parameter.</summary>
    public void Set(ParameterTensor tensor, float[] values)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        Backend.Upload<float>(values, tensor.In(Weights.Arena));
        if (Weights.LowPrecision.IsPresent) Backend.Cast(tensor.In(Weights.Arena), tensor.In(Weights.LowPrecision));
    }

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    static float[] Read(ModelTensors tensors, ParameterTensor tensor)
    {
        float[] values = new float[tensor.Count];
        tensors.Read(tensor, values);
        return values;
    }

    /// <summary>Box-Muller over two words a pair, from counters of the tensor's place in the layout.</summary>
    float[] Draw(ParameterTensor tensor, ulong seed)
    {
        float[] values = new float[tensor.Count];
        if ((tensor.Flags & ParameterChunk.Decays) == 0)
        {
            if (tensor.Name.EndsWith("LayerNorm.weight", StringComparison.Ordinal)) Array.Fill(values, 1f);
            return values;
        }
        uint index = (uint)Layout.Tensors.ToList().IndexOf(tensor);
        for (int i = 0; i < values.Length; i += 2)
        {
            var block = Philox.Block((uint)(i / 2), InitializationSite, index, 0, seed);
            double radius = Math.Sqrt(-2 * Math.Log((block.W0 + 1.0) / 4294967296.0)), angle = 2 * Math.PI * block.W1 / 4294967296.0;
            values[i] = (float)(Config.InitializerRange * radius * Math.Cos(angle));
            if (i + 1 < values.Length) values[i + 1] = (float)(Config.InitializerRange * radius * Math.Sin(angle));
        }
        return values;
    }
}
