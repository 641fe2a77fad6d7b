using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace EsimCse.Peers;

/// <summary>The step of ESimCSE in libtorch, from the same weights and on the same views; dropout is libtorch's own, or ours.</summary>
sealed class TorchTraining : IDisposable
{
    readonly BertParameters _start;
    readonly TrainingOptions _options;
    readonly int _steps;
    readonly Dictionary<string, Parameter> _parameters = [];
    readonly Dictionary<string, Tensor> _average = [];
    readonly TorchBert _live, _momentum;
    readonly TorchDropout _dropout;
    readonly optim.Optimizer _optimizer;
    Tensor _queue;
    int _done;

    public TorchTraining(BertParameters start, TrainingOptions options, int steps, bool ourMasks)
    {
        (_start, _options, _steps) = (start, options, steps);
        _dropout = new TorchDropout(new DropoutMask(options.Dropout, options.Seed, Site: 0, SentencesPerView: 0, Counters: default), ourMasks);
        random.manual_seed((long)options.Seed);
        foreach (ParameterTensor parameter in start.Layout.Tensors)
        {
            Tensor values = tensor(start.Get(parameter)).reshape([.. parameter.Shape.Select(size => (long)size)]);
            _parameters[parameter.Name] = new Parameter(values.clone());
            _average[parameter.Name] = values;
        }
        (_live, _momentum) = (new TorchBert(start.Config, _parameters.ToDictionary(pair => pair.Key, pair => (Tensor)pair.Value)), new TorchBert(start.Config, _average));
        _optimizer = optim.AdamW(_parameters.Values, lr: options.LearningRate, weight_decay: 0);
        _queue = zeros(0, start.Config.HiddenSize);
    }

    public (float Loss, double Norm) Step(int[][] first, int[][] second)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (var group in _optimizer.ParamGroups) group.LearningRate = _options.LearningRate * (1 - _done / (double)_steps);
        foreach (Tensor parameter in _parameters.Values) parameter.grad?.zero_();
        int[][] both = [.. first, .. second];
        _dropout.Begin(_done + 1, [.. both.Select(sentence => sentence.Length)]);
        (Tensor ids, Tensor present) = Pad(both);
        Tensor h = _live.Head(_live.FirstTokens(ids, present, _dropout));
        Tensor left = Unit(h.narrow(0, 0, first.Length)), right = Unit(cat([h.narrow(0, first.Length, first.Length), _queue]));
        Tensor loss = nn.functional.cross_entropy(matmul(left, right.t()) / _options.Temperature, arange(first.Length, dtype: ScalarType.Int64));
        loss.backward();
        double norm = nn.utils.clip_grad_norm_(_parameters.Values, 1);
        if (_options.QueueSize > 0) Push(first);
        _optimizer.step();
        _done++;
        return (loss.item<float>(), norm);
    }

    /// <summary>The weights as they are, into a model of ours.</summary>
    public void CopyTo(BertParameters model)
    {
        foreach (ParameterTensor parameter in _start.Layout.Tensors) model.Set(parameter, [.. _parameters[parameter.Name].detach().flatten().data<float>()]);
    }

    /// <summary>First tokens' vectors without dropout.</summary>
    public float[] Embed(IReadOnlyList<int[]> sentences)
    {
        using var still = no_grad();
        List<float> all = [];
        foreach (int[][] chunk in sentences.Chunk(64))
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor ids, Tensor present) = Pad(chunk);
            all.AddRange(_live.FirstTokens(ids, present, TorchDropout.None).contiguous().data<float>());
        }
        return [.. all];
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        foreach (Tensor parameter in _parameters.Values.Concat<Tensor>(_average.Values).Append(_queue)) parameter.Dispose();
    }

    /// <summary>The average moves with the weights before this step's update; its vectors go through the live head before that update.</summary>
    void Push(int[][] first)
    {
        using var still = no_grad();
        using DisposeScope scope = NewDisposeScope();
        // Named: a Scalar made in passing may be finalised while libtorch reads it.
        using Scalar kept = _options.Momentum, added = 1 - _options.Momentum;
        foreach ((string name, Tensor average) in _average) average.mul_(kept).add_(_parameters[name].detach(), alpha: added);
        (Tensor ids, Tensor present) = Pad(first);
        Tensor joined = cat([_queue, _live.Head(_momentum.FirstTokens(ids, present, TorchDropout.None))]);
        Tensor last = joined.narrow(0, Math.Max(0, joined.shape[0] - _options.QueueSize), Math.Min(joined.shape[0], _options.QueueSize)).clone().DetachFromDisposeScope();
        _queue.Dispose();
        _queue = last;
    }

    static Tensor Unit(Tensor x) => x / x.norm(1, keepdim: true, p: 2).clamp_min(1e-8);

    static (Tensor Ids, Tensor Present) Pad(int[][] sentences)
    {
        int longest = sentences.Max(sentence => sentence.Length);
        long[,] ids = new long[sentences.Length, longest];
        bool[,] present = new bool[sentences.Length, longest];
        for (int s = 0; s < sentences.Length; s++)
            for (int t = 0; t < sentences[s].Length; t++) (ids[s, t], present[s, t]) = (sentences[s][t], true);
        return (tensor(ids), tensor(present));
    }
}
