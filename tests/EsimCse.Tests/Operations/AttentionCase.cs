using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>Attention over a packed batch with dropout, and the reference of each sentence.</summary>
sealed class AttentionCase : OperationCase
{
    public static readonly Tolerance Tolerance = new(1e-5, 1e-4, "softmax and products in fp32");

    const int SentencesPerView = 2;

    readonly DeviceBatch _batch;
    readonly int[] _lengths;
    readonly int _heads;
    readonly int _hidden;
    readonly float _rate;
    readonly double[][] _masks;
    readonly GuardedMatrix _logSumExp;

    public AttentionCase(IBackend backend, int[] lengths, int heads, int headSize, float rate)
        : base(backend)
    {
        int tokens = lengths.Sum();
        _batch = Own(new DeviceBatch(backend, lengths));
        _lengths = lengths;
        _heads = heads;
        _hidden = heads * headSize;
        _rate = rate;
        _masks = _batch.AttentionMultipliers(rate, SentencesPerView, heads);
        Qkv = Random(tokens, 3 * _hidden, seed: 1);
        Dcontext = Random(tokens, _hidden, seed: 2);
        Context = Result(tokens, _hidden);
        _logSumExp = Result(heads, tokens);
        Dqkv = Result(tokens, 3 * _hidden);
        Dbias = Random(1, 3 * _hidden, seed: 3);
    }

    public GuardedMatrix Qkv { get; }

    public GuardedMatrix Dcontext { get; }

    public GuardedMatrix Context { get; }

    public GuardedMatrix Dqkv { get; }

    public GuardedMatrix Dbias { get; }

    /// <summary>Runs forward and backward on the device.</summary>
    public void Run()
    {
        DropoutMask mask = _batch.Mask(_rate, SentencesPerView);
        _backend.AttentionForward(Qkv, _batch.Batch, _heads, mask, Context, _logSumExp);
        _backend.AttentionBackward(Dcontext, Qkv, Context, _logSumExp, _batch.Batch, _heads, mask, Dqkv, Dbias);
        _backend.FinishGradients();
    }

    /// <summary>Returns a sentence's context on the device.</summary>
    public double[] SentenceContext(int s) => _batch.Rows(Context.Values, _hidden, s);

    /// <summary>Returns a sentence's dqkv on the device.</summary>
    public double[] SentenceDqkv(int s) => _batch.Rows(Dqkv.Values, 3 * _hidden, s);

    /// <summary>Computes dbias from the dqkv on the device.</summary>
    public double[] ExpectedDbias() => AddColumnSums(Dbias.Initial, Dqkv.Values);

    /// <summary>Adds the rows of a matrix to a row.</summary>
    public static double[] AddColumnSums(double[] row, double[] matrix) =>
        [.. row.Select((value, column) => value + matrix.Chunk(row.Length).Sum(other => other[column]))];

    public double[] ExpectedContext(int s) => Reference(s, SentenceQkv(s));

    public double[] ExpectedDqkv(int s) =>
        Attention.Backward(SentenceQkv(s), SentenceDcontext(s), _masks[s], _lengths[s], _hidden, _heads);

    /// <summary>Computes a sentence's dqkv by central differences of the reference.</summary>
    public double[] DifferenceDqkv(int s) =>
        FiniteDifference.Gradient(SentenceQkv(s), SentenceDcontext(s), qkv => Reference(s, qkv));

    double[] Reference(int s, double[] qkv) => Attention.Forward(qkv, _masks[s], _lengths[s], _hidden, _heads);

    double[] SentenceQkv(int s) => _batch.Rows(Qkv.Initial, 3 * _hidden, s);

    double[] SentenceDcontext(int s) => _batch.Rows(Dcontext.Initial, _hidden, s);
}
