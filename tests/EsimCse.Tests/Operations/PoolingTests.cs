using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class PoolingTests
{
    static readonly TokenPooling[] Modes = Enum.GetValues<TokenPooling>();

    public static TheoryData<string> Devices => Backends.All;

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void All_modes_side_by_side_equal_the_reference(string device, int width, int[] lengths)
    {
        using PoolingCase pooling = new(Backends.Create(device), lengths, width);
        foreach (TokenPooling mode in Modes) pooling.Forward(mode);
        foreach (TokenPooling mode in Modes)
            Tolerance.RowSum.Check(pooling.Expected(mode), pooling.Pooled(mode), mode.ToString());
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void A_mode_writes_its_own_columns_only(string device)
    {
        using PoolingCase pooling = new(Backends.Create(device), [3, 1, 6, 2], 8);
        pooling.Forward(TokenPooling.Mean);
        foreach (TokenPooling mode in Modes)
            Assert.All(pooling.Pooled(mode), value => Assert.Equal(mode != TokenPooling.Mean, double.IsNaN(value)));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Copied_rows_and_maxima_have_the_bits_of_their_inputs(string device)
    {
        using PoolingCase pooling = new(Backends.Create(device), [33, 5, 1, 64], 136);
        foreach (TokenPooling mode in new[] { TokenPooling.Cls, TokenPooling.Max, TokenPooling.LastToken })
        {
            pooling.Forward(mode);
            Assert.Equal(pooling.Expected(mode), pooling.Pooled(mode));
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void The_maximum_of_a_column_with_NaN_is_NaN(string device)
    {
        const int width = 8;
        foreach (int token in new[] { 0, 1, 2 })
        {
            using PoolingCase pooling = new(Backends.Create(device), [3], width);
            pooling.SetNaN(token);
            pooling.Forward(TokenPooling.Max);
            Assert.All(pooling.Pooled(TokenPooling.Max), value => Assert.True(double.IsNaN(value)));
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void A_vector_has_the_same_bits_alone_and_in_a_batch(string device)
    {
        int[] lengths = [7, 19, 2];
        const int width = 40;
        using PoolingCase together = new(Backends.Create(device), lengths, width);
        foreach (TokenPooling mode in Modes)
        {
            together.Forward(mode);
            for (int s = 0; s < lengths.Length; s++)
            {
                double[] x = together.Sentence(s);
                using PoolingCase alone = new(Backends.Create(device), [lengths[s]], width, x);
                alone.Forward(mode);
                double[] vector = together.Pooled(mode)[(s * width)..((s + 1) * width)];
                Assert.Equal(vector, alone.Pooled(mode));
            }
        }
    }

    /// <summary>Modes side by side in one result, behind a column block that no mode writes.</summary>
    sealed class PoolingCase : OperationCase
    {
        readonly DeviceBatch _batch;
        readonly int _width;
        readonly GuardedMatrix _x;
        readonly GuardedMatrix _y;

        public PoolingCase(IBackend backend, int[] lengths, int width, double[]? x = null) : base(backend)
        {
            int tokens = lengths.Sum();
            _batch = Own(new DeviceBatch(backend, lengths));
            _width = width;
            _x = Filled(tokens, width, x ?? Numbers.Normal(tokens * width, 1));
            _y = Result(lengths.Length, (1 + Modes.Length) * width);
        }

        public void SetNaN(int token)
        {
            double[] values = [.. _x.Initial];
            values.AsSpan(token * _width, _width).Fill(double.NaN);
            _x.Upload(values);
        }

        public void Forward(TokenPooling mode) =>
            _backend.PoolingForward(_x, _batch.Batch, mode, Column(mode), _y);

        /// <summary>Returns the columns of a mode.</summary>
        public double[] Pooled(TokenPooling mode)
        {
            double[][] rows = [.. _y.Values.Chunk((1 + Modes.Length) * _width)];
            Assert.All(rows, row => Assert.All(row[.._width], value => Assert.True(double.IsNaN(value))));
            return [.. rows.SelectMany(row => row[Column(mode)..(Column(mode) + _width)])];
        }

        /// <summary>Returns the token vectors of a sentence.</summary>
        public double[] Sentence(int s) => _batch.Rows(_x.Initial, _width, s);

        public double[] Expected(TokenPooling mode) =>
            Reference.Pooling.Forward(_x.Initial, _batch.Offsets, mode, _width);

        int Column(TokenPooling mode) => (1 + (int)mode) * _width;
    }
}
