using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>Attention of each sentence's first token over a packed batch with dropout.</summary>
sealed class ClsAttentionCase : OperationCase
{
    const int SentencesPerView = 2;

    readonly DeviceBatch _batch;
    readonly int[] _lengths;
    readonly int _heads;
    readonly int _hidden;
    readonly float _rate;
    readonly double[][] _masks;
    readonly GuardedMatrix _logSumExp;

    public ClsAttentionCase(
        IBackend backend, int[] lengths, int heads, int headSize, float rate,
        double[] q, double[] kv, double[] dcontext)
        : base(backend)
    {
        int sentences = lengths.Length;
        _batch = Own(new DeviceBatch(backend, lengths));
        _lengths = lengths;
        _heads = heads;
        _hidden = heads * headSize;
        _rate = rate;
        _masks = _batch.AttentionMultipliers(rate, SentencesPerView, heads);
        Q = Filled(sentences, _hidden, q);
        Kv = Filled(lengths.Sum(), 2 * _hidden, kv);
        Dcontext = Filled(sentences, _hidden, dcontext);
        Context = Result(sentences, _hidden);
        _logSumExp = Result(heads, sentences);
        Dq = Result(sentences, _hidden);
        Dkv = Result(lengths.Sum(), 2 * _hidden);
        Dbias = Random(1, 3 * _hidden, seed: 4);
    }

    public GuardedMatrix Q { get; }

    public GuardedMatrix Kv { get; }

    public GuardedMatrix Dcontext { get; }

    public GuardedMatrix Context { get; }

    public GuardedMatrix Dq { get; }

    public GuardedMatrix Dkv { get; }

    public GuardedMatrix Dbias { get; }

    /// <summary>Runs forward and backward on the device.</summary>
    public void Run()
    {
        DropoutMask mask = _batch.Mask(_rate, SentencesPerView);
        _backend.ClsAttentionForward(Q, Kv, _batch.Batch, _heads, mask, Context, _logSumExp);
        _backend.ClsAttentionBackward(Dcontext, Q, Kv, Context, _logSumExp, _batch.Batch, _heads, mask, Dq, Dkv, Dbias);
        _backend.FinishGradients();
    }

    /// <summary>Runs the attention of all tokens on the same batch; returns context [T,H] and dqkv [T,3H].</summary>
    public (double[] Context, double[] Dqkv) RunOverAllTokens(double[] qkv, double[] dcontext)
    {
        int tokens = _lengths.Sum();
        DropoutMask mask = _batch.Mask(_rate, SentencesPerView);
        using GuardedMatrix deviceQkv = new(_backend, tokens, 3 * _hidden, qkv);
        using GuardedMatrix deviceDcontext = new(_backend, tokens, _hidden, dcontext);
        using GuardedMatrix context = new(_backend, tokens, _hidden);
        using GuardedMatrix logSumExp = new(_backend, _heads, tokens);
        using GuardedMatrix dqkv = new(_backend, tokens, 3 * _hidden);
        _backend.AttentionForward(deviceQkv, _batch.Batch, _heads, mask, context, logSumExp);
        _backend.AttentionBackward(
            deviceDcontext, deviceQkv, context, logSumExp, _batch.Batch, _heads, mask, dqkv, default);
        return (context.Values, dqkv.Values);
    }

    /// <summary>Returns a sentence's row of a [S,H] matrix.</summary>
    public double[] SentenceRow(double[] matrix, int s) => matrix[(s * _hidden)..((s + 1) * _hidden)];

    /// <summary>Returns the rows of a sentence's tokens of a [T,2H] matrix.</summary>
    public double[] TokenRows(double[] matrix, int s) => _batch.Rows(matrix, 2 * _hidden, s);

    /// <summary>Computes dbias from the dq and dkv on the device.</summary>
    public double[] ExpectedDbias() =>
    [
        .. AttentionCase.AddColumnSums(Dbias.Initial[.._hidden], Dq.Values),
        .. AttentionCase.AddColumnSums(Dbias.Initial[_hidden..], Dkv.Values),
    ];

    public double[] ExpectedContext(int s) => Reference(s, SentenceRow(Q.Initial, s), TokenRows(Kv.Initial, s));

    /// <summary>Computes a sentence's dq by central differences of the reference.</summary>
    public double[] DifferenceDq(int s)
    {
        double[] kv = TokenRows(Kv.Initial, s);
        double[] dcontext = SentenceRow(Dcontext.Initial, s);
        return FiniteDifference.Gradient(SentenceRow(Q.Initial, s), dcontext, q => Reference(s, q, kv));
    }

    /// <summary>Computes a sentence's dkv by central differences of the reference.</summary>
    public double[] DifferenceDkv(int s)
    {
        double[] q = SentenceRow(Q.Initial, s);
        double[] dcontext = SentenceRow(Dcontext.Initial, s);
        return FiniteDifference.Gradient(TokenRows(Kv.Initial, s), dcontext, kv => Reference(s, q, kv));
    }

    double[] Reference(int s, double[] q, double[] kv) =>
        ClsAttention.Forward(q, kv, _masks[s], _lengths[s], _hidden, _heads);
}
