using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Model.SentenceTransformers;

namespace EsimCseNative;

/// <summary>A model on a device: its parameters there, and the embedder that uses them.</summary>
sealed class DeviceModel : IDisposable
{
    readonly BertParameters _bert;
    readonly IDisposable? _frozen;

    /// <summary>Loads a model to a device, which the object then owns.</summary>
    /// <exception cref="InvalidInputException">The weights are missing or not valid.</exception>
    /// <exception cref="UsageException">The device does not have the precision.</exception>
    public DeviceModel(IBackend backend, ModelFolder folder, DeviceChoice choice)
    {
        Backend = backend;
        Embedder = new Embedder(backend, folder.Config, folder.Pooler, folder.Modules);
        Pooler pooler = folder.Pooler;
        ModuleNames modules = folder.Config.Family.Modules;
        using ModelTensors tensors = ModelTensors.Open(folder.EncoderPath, folder.Config.Family);
        bool readsHead = pooler.HasHead && folder.Head is null;
        if (readsHead && !tensors.Contains(modules.HeadWeight)) throw MissingHead(folder, modules);
        Precision = choice.PrecisionOn(backend, training: false);
        ElementType stored = backend.SupportsDataType(Precision) ? Precision : ElementType.Float32;
        ulong? headSeed = readsHead ? null : 0;
        _bert = BertParameters.Load(backend, folder.Config, tensors, pooler.HasHead, headSeed, stored);
        if (folder.Head is not null) LoadHead(folder.Head, modules);
        _frozen = Embedder.FreezeWeights(_bert.Weights, Precision);
    }

    /// <summary>The device.</summary>
    public IBackend Backend { get; }

    /// <summary>The embedder on the device.</summary>
    public Embedder Embedder { get; }

    /// <summary>The weights on the device.</summary>
    public BertWeights Weights => _bert.Weights;

    /// <summary>The type to which the operands of matrix products are rounded.</summary>
    public ElementType Precision { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Embedder.Dispose();
        _frozen?.Dispose();
        _bert.Dispose();
        Backend.Dispose();
    }

    /// <summary>Loads sentence-transformers' Dense module in place of pooler.dense.</summary>
    void LoadHead(DenseModule head, ModuleNames modules)
    {
        (float[] weight, float[]? bias) = head.ReadWeights();
        _bert.Set(_bert.Layout.ByName[modules.HeadWeight], weight);
        _bert.Set(_bert.Layout.ByName[modules.HeadBias], bias!);
    }

    static InvalidInputException MissingHead(ModelFolder folder, ModuleNames modules)
    {
        string tensor = $"the tensor '{modules.HeadWeight}', which is missing from the weights";
        return new($"{folder.EncoderPath}: pooler {folder.Pooler} needs {tensor}");
    }
}
