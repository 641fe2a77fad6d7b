using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace EsimCse.Peers.TorchSharp.Gpu;

/// <summary>
/// A model of random weights on a device, and its work: a step with queue, momentum encoder, clipping and AdamW, and
/// embedding. Every tensor stays on the device but the loss and the vectors.
/// </summary>
sealed class TorchWork : IDisposable
{
    const int QueueSize = 160;
    const double Temperature = 0.05;
    const double LearningRate = 3e-5;
    const double RepetitionRate = 0.32;
    const int FirstWordId = 1000;

    readonly Device _device;
    readonly BertConfig _config;
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Dictionary<string, Parameter> _parameters = [];
    readonly Dictionary<string, Tensor> _ema = [];
    readonly TorchBert _encoder;
    readonly TorchBert _momentumEncoder;
    readonly AdamWInPlace _optimizer;
    readonly TorchDropout _dropout;
    Tensor _queue;

    public TorchWork(BertConfig config, Device device, ScalarType type)
    {
        _config = config;
        _device = device;
        foreach (ParameterTensor parameter in new ParameterLayout(config, head: true).Tensors)
        {
            long[] shape = [.. parameter.Shape.Select(size => (long)size)];
            Tensor values = (randn(shape, device: device) * 0.02).to(type);
            if (parameter.Name.EndsWith("LayerNorm.weight", StringComparison.Ordinal)) values = ones_like(values);
            _parameters[parameter.Name] = new Parameter(values.clone());
            _ema[parameter.Name] = values;
        }
        _encoder = new TorchBert(config, _parameters.ToDictionary(pair => pair.Key, pair => (Tensor)pair.Value));
        _momentumEncoder = new TorchBert(config, _ema);
        DropoutMask mask = new(0.1f, Seed: 1, Site: 0, SentencesPerView: 0, Counters: default);
        _dropout = new TorchDropout(mask, usesMask: false);
        _optimizer = new AdamWInPlace(_parameters.Values);
        _queue = randn(QueueSize, config.HiddenSize, device: device, dtype: type).DetachFromDisposeScope();
    }

    /// <summary>Returns a step of training; it ends when its loss is on the host.</summary>
    public Action CreateStep(int batch, int tokens)
    {
        Random random = new(1);
        int mostRepeated = Math.Max(2, (int)(RepetitionRate * (tokens - 2)));
        int[] anchors = [.. Enumerable.Repeat(tokens, batch)];
        int[] positives = [.. anchors.Select(length => length + random.Next(0, mostRepeated + 1))];
        (Tensor ids, Tensor present) = Pad([.. anchors, .. positives]);
        Tensor anchorIds = ids.narrow(0, 0, batch).narrow(1, 0, tokens);
        Tensor labels = arange(batch, dtype: ScalarType.Int64, device: _device);
        return () =>
        {
            using DisposeScope scope = NewDisposeScope();
            foreach (Parameter parameter in _parameters.Values) parameter.grad?.zero_();
            Tensor loss = Loss(ids, present, labels);
            loss.backward();
            Push(anchorIds);
            Clip();
            _optimizer.Step(LearningRate, gradientScale: 1);
            if (!float.IsFinite(loss.item<float>())) throw new InvalidDataException("the loss is not finite");
        };
    }

    /// <summary>Returns the embedding of sentences of one length; it ends when their vectors are on the host.</summary>
    public Action CreateEmbedding(int sentences, int tokens)
    {
        (Tensor ids, _) = Pad([.. Enumerable.Repeat(tokens, sentences)]);
        return () =>
        {
            using var noGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            Tensor vectors = _encoder.Encode(ids, null, TorchDropout.None).mean([1]);
            using Tensor onHost = Unit(vectors.to(ScalarType.Float32)).cpu();
        };
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        foreach (Parameter parameter in _parameters.Values) parameter.Dispose();
        _queue.Dispose();
        _scope.Dispose();
    }

    /// <summary>Computes the loss of a batch, anchors first, over batch and queue.</summary>
    Tensor Loss(Tensor ids, Tensor present, Tensor labels)
    {
        long batch = labels.shape[0];
        Tensor h = _encoder.Head(_encoder.ClsVectors(ids, present, _dropout)).to(ScalarType.Float32);
        Tensor anchors = Unit(h.narrow(0, 0, batch));
        Tensor candidates = Unit(cat([h.narrow(0, batch, batch), _queue.to(ScalarType.Float32)]));
        using Scalar scale = 1 / Temperature;
        return nn.functional.cross_entropy(matmul(anchors, candidates.t()) * scale, labels);
    }

    void Push(Tensor anchorIds)
    {
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        // Named variables: libtorch may read a temporary Scalar after it was finalised.
        using Scalar decay = 0.995;
        using Scalar rest = 1 - 0.995;
        foreach ((string name, Tensor ema) in _ema) ema.mul_(decay).add_(_parameters[name].detach(), alpha: rest);
        Tensor pushed = _encoder.Head(_momentumEncoder.ClsVectors(anchorIds, null, TorchDropout.None));
        Tensor joined = cat([_queue, pushed]);
        Tensor newest = joined.narrow(0, joined.shape[0] - QueueSize, QueueSize).clone().DetachFromDisposeScope();
        _queue.Dispose();
        _queue = newest;
    }

    /// <summary>Scales the gradients to a norm of 1 at most, on the device.</summary>
    void Clip()
    {
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Scalar one = 1;
        Tensor[] norms = [.. _parameters.Values.Select(parameter => linalg.vector_norm(parameter.grad!))];
        Tensor scale = linalg.vector_norm(stack(norms)).reciprocal().clamp_max(one);
        foreach (Parameter parameter in _parameters.Values) parameter.grad!.mul_(scale);
    }

    static Tensor Unit(Tensor x) => nn.functional.normalize(x, dim: 1);

    /// <summary>Draws sentences of given lengths.</summary>
    (Tensor Ids, Tensor Present) Pad(int[] lengths)
    {
        int longest = lengths.Max();
        Tensor ids = randint(FirstWordId, _config.VocabularySize, [lengths.Length, longest], device: _device,
            dtype: ScalarType.Int64);
        Tensor positions = arange(longest, device: _device).unsqueeze(0);
        Tensor ends = tensor([.. lengths.Select(length => (long)length)], device: _device).unsqueeze(1);
        return (ids, positions < ends);
    }
}
