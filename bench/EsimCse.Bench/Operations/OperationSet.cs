using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Bench.Operations;

/// <summary>The operations at the sizes of a model's layers and of a training step.</summary>
sealed class OperationSet : IDisposable
{
    readonly IBackend _backend;
    readonly OperationBuffers _buffers;
    readonly List<OperationCase> _cases = [];

    // T tokens, S sentences, H hidden, F feed-forward, A heads; N the mean length.
    readonly int _t, _s, _h, _f, _a;
    readonly double _elementBytes, _scoreOperations;

    public OperationSet(IBackend backend, ElementType type, Workload work, int? sentences = null)
    {
        _backend = backend;
        _buffers = new OperationBuffers(backend, type, work, sentences);
        _t = _buffers.Batch.Tokens;
        _s = _buffers.Batch.Sentences;
        _h = work.Config.HiddenSize;
        _f = work.Config.IntermediateSize;
        _a = work.Config.Heads;
        _elementBytes = type.Size();
        // A product with the scores of all heads.
        _scoreOperations = 2.0 * _t * work.SentenceLength * _h;
        bool trains = type != ElementType.Float16;
        AddProducts(trains);
        AddAttention(trains);
        AddRows(trains);
        AddEmbedding(trains);
        AddPooling(trains);
        if (trains) AddLosses();
    }

    static DropoutMask NoDropout => default;

    public IReadOnlyList<OperationCase> Cases => _cases;

    /// <summary>Waits for all that was started.</summary>
    public void Wait() => _buffers.Wait();

    public void Dispose() => _buffers.Dispose();

    void AddProducts(bool trains)
    {
        foreach ((int rows, int columns) in new[] { (3 * _h, _h), (_h, _h), (_f, _h), (_h, _f) })
        {
            Matrix x = _buffers.Activations(_t, columns);
            Matrix w = _buffers.Activations(rows, columns);
            Matrix bias = _buffers.Activations(1, rows);
            Matrix y = _buffers.Activations(_t, rows);
            AddProduct("LinearForward", rows, columns, () => _backend.LinearForward(x, w, bias, y));
            if (!trains || rows != _f) continue;
            Matrix dx = _buffers.Activations(_t, columns);
            Matrix dw = _buffers.Floats(rows, columns);
            Matrix dbias = _buffers.Floats(1, rows);
            AddProduct("LinearBackwardInput", rows, columns, () => _backend.LinearBackwardInput(y, w, false, dx));
            AddProduct("LinearBackwardWeight", rows, columns, () =>
            {
                _backend.LinearBackwardWeight(y, x, false, dw, dbias);
                _backend.FinishGradients();
            });
        }
    }

    void AddAttention(bool trains)
    {
        PackedBatch batch = _buffers.Batch;
        Matrix qkv = _buffers.Activations(_t, 3 * _h);
        Matrix context = _buffers.Activations(_t, _h);
        Matrix logSumExp = _buffers.Floats(_a, _t);
        Matrix q = _buffers.Activations(_s, _h);
        Matrix kv = _buffers.Activations(_t, 2 * _h);
        Matrix clsContext = _buffers.Activations(_s, _h);
        Matrix clsLogSumExp = _buffers.Floats(_a, _s);
        Add("AttentionForward", $"[{_t},{_h}]", 2 * _scoreOperations, 4.0 * _t * _h, () =>
            _backend.AttentionForward(qkv, batch, _a, NoDropout, context, logSumExp));
        Add("ClsAttentionForward", $"[{_s},{_h}]", 0, (2.0 * _t + 2 * _s) * _h, () =>
            _backend.ClsAttentionForward(q, kv, batch, _a, NoDropout, clsContext, clsLogSumExp));
        if (!trains) return;
        Matrix dqkv = _buffers.Activations(_t, 3 * _h);
        Matrix dq = _buffers.Activations(_s, _h);
        Matrix dkv = _buffers.Activations(_t, 2 * _h);
        Matrix dbias = _buffers.Floats(1, 3 * _h);
        Add("AttentionBackward", $"[{_t},{_h}]", 5 * _scoreOperations, 8.0 * _t * _h, () =>
        {
            _backend.AttentionBackward(context, qkv, context, logSumExp, batch, _a, NoDropout, dqkv, dbias);
            _backend.FinishGradients();
        });
        Add("ClsAttentionBackward", $"[{_s},{_h}]", 0, (4.0 * _t + 4 * _s) * _h, () =>
        {
            _backend.ClsAttentionBackward(
                clsContext, q, kv, clsContext, clsLogSumExp, batch, _a, NoDropout, dq, dkv, dbias);
            _backend.FinishGradients();
        });
    }

    void AddRows(bool trains)
    {
        Matrix x = _buffers.Activations(_t, _h);
        Matrix y = _buffers.Activations(_t, _h);
        Matrix wide = _buffers.Activations(_t, _f);
        Matrix gamma = _buffers.Floats(1, _h);
        Matrix rstd = _buffers.Floats(1, _t);
        Matrix offsets = _buffers.Batch.Offsets;
        Matrix normalized = _buffers.Activations(_t, _h);
        DropoutMask dropout = new(0.1f, 1, 1, _s, _buffers.Integers(new int[StepState.Length]));
        AddBytes("LayerNormForward", _h, 4, () => _backend.LayerNormForward(
            x, default, y, offsets, NoDropout, gamma, gamma, 1e-12f, normalized, rstd, y));
        AddBytes("ActivationForward", _f, 2, () => _backend.ActivationForward(wide, Activation.Gelu, wide));
        AddBytes("TanhForward", _h, 2, () => _backend.TanhForward(x, y));
        if (!trains) return;
        Matrix dgamma = _buffers.Floats(1, _h);
        Matrix dbeta = _buffers.Floats(1, _h);
        Matrix dwide = _buffers.Activations(_t, _f);
        AddBytes("DropoutForward", _h, 2, () => _backend.DropoutForward(x, offsets, dropout, y));
        AddBytes("DropoutBackward", _h, 2, () => _backend.DropoutBackward(x, offsets, dropout, y));
        AddBytes("LayerNormBackward", _h, 3, () =>
        {
            _backend.LayerNormBackward(
                x, normalized, rstd, offsets, NoDropout, gamma, y, default, default, dgamma, dbeta);
            _backend.FinishGradients();
        });
        AddBytes("ActivationBackward", _f, 3, () =>
            _backend.ActivationBackward(dwide, wide, Activation.Gelu, dwide, default));
        AddBytes("TanhBackward", _h, 3, () => _backend.TanhBackward(x, y, y));
    }

    void AddEmbedding(bool trains)
    {
        PackedBatch batch = _buffers.Batch;
        Matrix words = _buffers.Activations(_buffers.Config.VocabularySize, _h);
        Matrix sum = _buffers.Activations(_t, _h);
        // A few rows of the table stand for its many: each token's row is read in any case.
        Matrix positions = words.Slice(0, Math.Min(words.Rows, _buffers.Config.MaxPositions));
        Matrix types = words.Slice(0, 2);
        AddBytes("EmbeddingForward", _h, 3, () => _backend.EmbeddingForward(batch, words, positions, types, sum));
        if (!trains) return;
        Matrix dwords = _buffers.Floats(words.Rows, _h);
        Matrix dpositions = dwords.Slice(0, positions.Rows);
        AddBytes("EmbeddingBackward", _h, 4, () =>
        {
            _backend.EmbeddingBackward(sum, batch, dwords, dpositions, dwords.Slice(0, 2), touched: default);
            _backend.FinishGradients();
        });
        Matrix rows = _buffers.Integers([.. Enumerable.Range(0, _t)]);
        Matrix gathered = _buffers.Activations(_t, _h);
        AddBytes("GatherForward", _h, 2, () => _backend.GatherForward(sum, rows, gathered));
        AddBytes("GatherBackward", _h, 2, () => _backend.GatherBackward(gathered, rows, sum));
    }

    void AddPooling(bool trains)
    {
        PackedBatch batch = _buffers.Batch;
        Matrix x = _buffers.Activations(_t, _h);
        Matrix cls = _buffers.Activations(_s, _h);
        Matrix mean = _buffers.Floats(_s, _h);
        Add("ClsPoolingForward", $"[{_s},{_h}]", 0, 2.0 * _s * _h, () => _backend.ClsPoolingForward(x, batch, cls));
        AddBytes("MeanPoolingForward", _h, 1, () => _backend.MeanPoolingForward(x, batch, 1, false, mean));
        AddBytes("PoolingForward", _h, 1, () => _backend.PoolingForward(x, batch, TokenPooling.Max, 0, mean));
        if (!trains) return;
        Add("ClsPoolingBackward", $"[{_s},{_h}]", 0, 3.0 * _s * _h, () => _backend.ClsPoolingBackward(cls, batch, x));
        AddBytes("MeanPoolingBackward", _h, 1, () => _backend.MeanPoolingBackward(mean, batch, 1, false, x));
    }

    void AddLosses()
    {
        int pairs = _buffers.Pairs;
        int candidates = pairs + OperationBuffers.Queue;
        Matrix h = _buffers.Floats(2 * pairs, _h);
        Matrix queue = _buffers.Floats(OperationBuffers.Queue, _h);
        Matrix logits = _buffers.Floats(pairs, candidates);
        Matrix weights = _buffers.Floats(pairs, candidates);
        Matrix norms = _buffers.Floats(1, 2 * pairs + OperationBuffers.Queue);
        Matrix dh = _buffers.Floats(2 * pairs, _h);
        StepState state = new(
            _buffers.Integers([1, 0, 0, OperationBuffers.Queue, 0]), _buffers.Floats(1, StepState.Length));
        Add("ContrastiveLoss", $"[{pairs},{candidates}]", 6.0 * pairs * candidates * _h, 0, () =>
            _backend.ContrastiveLoss(h, queue, default, pairs, 0, 0.05f, state, logits, weights, norms, dh));
        Matrix rows = h.Slice(0, pairs);
        Add("QueuePush", $"[{pairs},{_h}]", 0, 2.0 * pairs * _h, () => _backend.QueuePush(rows, queue, state));
        Matrix scores = _buffers.Activations(_t, _h);
        Matrix labels = _buffers.Integers([.. Enumerable.Range(0, _t).Select(row => row % _h)]);
        Matrix count = _buffers.Integers([_t]).Reshape(1, 1);
        Matrix losses = _buffers.Floats(1, _t);
        Matrix dbias = _buffers.Floats(1, _h);
        AddBytes("CrossEntropyLoss", _h, 2, () =>
        {
            _backend.CrossEntropyLoss(scores, labels, count, 0.1f, state, losses, scores, dbias);
            _backend.FinishGradients();
        });
    }

    void AddProduct(string name, int rows, int columns, Action run)
    {
        double bytes = (double)_t * (rows + columns) + (double)rows * columns;
        Add(name, $"[{_t},{columns}] x [{rows},{columns}]", 2.0 * _t * rows * columns, bytes, run);
    }

    /// <summary>Adds an operation that reads or writes all tokens' rows a number of times.</summary>
    void AddBytes(string name, int columns, int times, Action run) =>
        Add(name, $"[{_t},{columns}]", 0, (double)times * _t * columns, run);

    void Add(string name, string sizes, double operations, double elements, Action run) =>
        _cases.Add(new OperationCase(name, sizes, operations, elements * _elementBytes, run));
}
