using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace EsimCse.Peers.TorchSharp;

/// <summary>The step of ESimCSE in libtorch, from the same weights and on the same views as ours.</summary>
sealed class TorchTraining : IDisposable
{
    const double MaxGradientNorm = 1;

    readonly BertParameters _start;
    readonly TrainingOptions _options;
    readonly int _steps;
    readonly Dictionary<string, Parameter> _parameters = [];
    readonly Dictionary<string, Tensor> _ema = [];
    readonly TorchBert _encoder;
    readonly TorchBert _momentumEncoder;
    readonly TorchDropout _dropout;
    readonly AdamWInPlace _optimizer;
    Tensor _queue;
    int _done;
    double _gradientScale = 1;

    public TorchTraining(
        BertParameters start,
        TrainingOptions options,
        int steps,
        bool ourMasks,
        bool clsOnly = false,
        ScalarType type = ScalarType.Float32)
    {
        _start = start;
        _options = options;
        _steps = steps;
        DropoutMask mask = new(options.Dropout, options.Seed, Site: 0, SentencesPerView: 0, Counters: default);
        _dropout = new TorchDropout(mask, ourMasks);
        random.manual_seed((long)options.Seed);
        foreach (ParameterTensor parameter in start.Layout.Tensors)
        {
            long[] shape = [.. parameter.Shape.Select(size => (long)size)];
            Tensor values = tensor(start.Get(parameter)).reshape(shape);
            _parameters[parameter.Name] = new Parameter(values.clone());
            _ema[parameter.Name] = values;
        }
        Dictionary<string, Tensor> parameters = _parameters.ToDictionary(pair => pair.Key, pair => (Tensor)pair.Value);
        _encoder = new TorchBert(start.Config, parameters) { ClsOnly = clsOnly, Type = type };
        _momentumEncoder = new TorchBert(start.Config, _ema) { ClsOnly = clsOnly, Type = type };
        _optimizer = new AdamWInPlace(_parameters.Values);
        _queue = zeros(0, start.Config.HiddenSize);
    }

    /// <summary>Trains on a batch, and returns its loss and the gradient norm before clipping.</summary>
    public (float Loss, double Norm) Step(int[][] anchors, int[][] positives)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (Tensor parameter in _parameters.Values) parameter.grad?.zero_();
        int[][] views = [.. anchors, .. positives];
        _dropout.Begin(_done + 1, [.. views.Select(sentence => sentence.Length)]);
        Tensor loss = Loss(views, anchors.Length);
        loss.backward();
        double norm = GradientNorm();
        if (_options.QueueSize > 0) Push(anchors);
        double learningRate = _options.LearningRate * (1 - _done / (double)_steps);
        _gradientScale = Math.Min(1, MaxGradientNorm / (norm + 1e-6));
        _optimizer.Step(learningRate, _gradientScale);
        _done++;
        return (loss.item<float>(), norm);
    }

    /// <summary>Returns the gradient of a parameter in the last step, before clipping.</summary>
    public float[] Gradient(string parameter)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor gradient = _parameters[parameter].grad! / _gradientScale;
        return [.. gradient.flatten().data<float>()];
    }

    /// <summary>Copies the weights into a model of ours.</summary>
    public void CopyTo(BertParameters model)
    {
        foreach (ParameterTensor parameter in _start.Layout.Tensors)
            model.Set(parameter, [.. _parameters[parameter.Name].detach().flatten().data<float>()]);
    }

    /// <summary>Computes [CLS] vectors without dropout.</summary>
    public float[] Embed(IReadOnlyList<int[]> sentences)
    {
        using var noGradient = no_grad();
        List<float> all = [];
        foreach (int[][] chunk in sentences.Chunk(64))
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor ids, Tensor present) = Pad(chunk);
            all.AddRange(_encoder.ClsVectors(ids, present, TorchDropout.None).contiguous().data<float>());
        }
        return [.. all];
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        IEnumerable<Tensor> tensors = _parameters.Values.Concat<Tensor>(_ema.Values).Append(_queue);
        foreach (Tensor tensor in tensors) tensor.Dispose();
    }

    /// <summary>Computes the norm of all gradients, one number read for all of them.</summary>
    double GradientNorm()
    {
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor[] norms = [.. _parameters.Values.Select(parameter => linalg.vector_norm(parameter.grad!))];
        return linalg.vector_norm(stack(norms)).item<float>();
    }

    /// <summary>Computes the loss of a batch, anchors first, over batch and queue.</summary>
    Tensor Loss(int[][] views, int batch)
    {
        (Tensor ids, Tensor present) = Pad(views);
        Tensor h = _encoder.Head(_encoder.ClsVectors(ids, present, _dropout));
        Tensor anchors = Unit(h.narrow(0, 0, batch));
        Tensor candidates = Unit(cat([h.narrow(0, batch, batch), _queue]));
        Tensor logits = matmul(anchors, candidates.t()) / _options.Temperature;
        return nn.functional.cross_entropy(logits, arange(batch, dtype: ScalarType.Int64));
    }

    /// <summary>
    /// Moves the momentum encoder towards the weights from before this step's update, and pushes its vectors, taken
    /// through the live head.
    /// </summary>
    void Push(int[][] anchors)
    {
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        // Named variables: libtorch may read a temporary Scalar after it was finalised.
        using Scalar decay = _options.Momentum;
        using Scalar rest = 1 - _options.Momentum;
        foreach ((string name, Tensor ema) in _ema) ema.mul_(decay).add_(_parameters[name].detach(), alpha: rest);
        (Tensor ids, Tensor present) = Pad(anchors);
        Tensor pushed = _encoder.Head(_momentumEncoder.ClsVectors(ids, present, TorchDropout.None));
        Tensor joined = cat([_queue, pushed]);
        long count = Math.Min(joined.shape[0], _options.QueueSize);
        Tensor newest = joined.narrow(0, joined.shape[0] - count, count).clone().DetachFromDisposeScope();
        _queue.Dispose();
        _queue = newest;
    }

    static Tensor Unit(Tensor x) => x / x.norm(1, keepdim: true, p: 2).clamp_min(1e-8);

    static (Tensor Ids, Tensor Present) Pad(int[][] sentences)
    {
        int longest = sentences.Max(sentence => sentence.Length);
        long[,] ids = new long[sentences.Length, longest];
        bool[,] present = new bool[sentences.Length, longest];
        for (int s = 0; s < sentences.Length; s++)
            for (int t = 0; t < sentences[s].Length; t++)
            {
                ids[s, t] = sentences[s][t];
                present[s, t] = true;
            }
        return (tensor(ids), tensor(present));
    }
}
