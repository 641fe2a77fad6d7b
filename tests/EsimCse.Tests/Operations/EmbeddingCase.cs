using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>The embeddings of a packed batch, and the gradients of the word, position and type tables.</summary>
sealed class EmbeddingCase : OperationCase
{
    const int TypeCount = 2;

    readonly DeviceBatch _batch;
    readonly int _width;
    readonly GuardedMatrix _words;
    readonly GuardedMatrix _positions;
    readonly GuardedMatrix _types;
    readonly GuardedMatrix _dsum;
    readonly GuardedMatrix _dwords;
    readonly GuardedMatrix _dpositions;
    readonly GuardedMatrix _dtypes;
    readonly GuardedMatrix _touched;

    /// <summary>Creates the case; dwords starts with `dwordsBefore`, or zero; row 0 is flagged already.</summary>
    public EmbeddingCase(
        IBackend backend, int[] lengths, int width, int vocabulary, int positions, double[]? dwordsBefore = null)
        : base(backend)
    {
        int tokens = lengths.Sum();
        _batch = Own(new DeviceBatch(backend, lengths, vocabulary: vocabulary));
        _width = width;
        _words = Random(vocabulary, width, seed: 1);
        _positions = Random(positions, width, seed: 2);
        _types = Random(TypeCount, width, seed: 3);
        _dsum = Random(tokens, width, seed: 4);
        Sum = Result(tokens, width);
        _dwords = Filled(vocabulary, width, dwordsBefore ?? new double[vocabulary * width]);
        _dpositions = Zeros(positions, width);
        _dtypes = Zeros(TypeCount, width);
        _touched = Filled(1, vocabulary, [1, .. new int[vocabulary - 1]]);
    }

    public GuardedMatrix Sum { get; }

    public double[] ExpectedSum => Embedding.Forward(
        _batch.Ids, _batch.Positions, _words.Initial, _positions.Initial, _types.Initial, _width);

    public void Forward() => _backend.EmbeddingForward(_batch.Batch, _words, _positions, _types, Sum);

    public void Backward()
    {
        _backend.EmbeddingBackward(_dsum, _batch.Batch, _dwords, _dpositions, _dtypes, _touched);
        _backend.FinishGradients();
    }

    public void CheckGradients(Tolerance tolerance)
    {
        Check(_dwords, _batch.Ids, "dwords");
        Check(_dpositions, _batch.Positions, "dpositions");
        Check(_dtypes, new int[_batch.Ids.Length], "dtypes");
        Assert.Equal(
            Enumerable.Range(0, _touched.Matrix.Columns).Select(row => row == 0 || _batch.Ids.Contains(row) ? 1 : 0),
            _touched.Integers);

        void Check(GuardedMatrix table, int[] rows, string name)
        {
            double[] added = Embedding.Backward(_dsum.Initial, rows, table.Matrix.Rows, _width);
            tolerance.Check([.. added.Zip(table.Initial, (sum, before) => sum + before)], table.Values, name);
        }
    }
}
