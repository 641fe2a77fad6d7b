using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ActivationTests
{
    static readonly (int Rows, int Width)[] Sizes =
        [(0, 5), (1, 1), (0, 8), (1, 8), (3, 15), (5, 16), (7, 33), (2, 1000)];

    static readonly Activation[] Activations = Enum.GetValues<Activation>();

    public static MatrixTheoryData<string, Activation> All => new(Backends.Names, Activations);

    public static MatrixTheoryData<ElementType, Activation> LowPrecision =>
        new([ElementType.BFloat16, ElementType.Float16], Activations);

    [Theory]
    [MemberData(nameof(All))]
    public void Forward_and_backward_equal_the_reference(string device, Activation activation)
    {
        foreach ((int rows, int width) in Sizes.Where(size => Backends.SupportsWidth(device, size.Width)))
        {
            double[] x = Numbers.Normal(rows * width, 1, 3);
            using ActivationCase values = new(Backends.Create(device), rows, width, x, activation);
            values.Forward();
            Tolerance.Elementwise.Check(values.Expected(x), values.Y.Values, "y");
            values.Backward();
            if (rows * width >= 300) continue;
            Tolerance tolerance = new(2e-6, 1e-5, "fp32, against central differences in double");
            double[] dx = values.DifferenceDx();
            tolerance.Check(dx, values.Dx.Values, "dx");
            Tolerance ofSums = new(1e-5, 1e-5, "sums of up to seven dx");
            ofSums.Check(values.ExpectedDbias(dx), values.Dbias.Values, "dbias");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void In_place_has_the_same_bits(string device, Activation activation)
    {
        using ActivationCase values = new(Backends.Create(device), 3, 40, Numbers.Normal(120, 1, 3), activation);
        values.Forward();
        values.Backward();
        float[] dx = values.Dx.Floats;
        values.BackwardIn(values.Dy);
        Assert.Equal(dx, values.Dy.Floats);
        values.Dy.Upload(values.Dy.Initial);
        values.BackwardIn(values.X);
        Assert.Equal(dx, values.X.Floats);
        values.X.Upload(values.X.Initial);
        values.ForwardInPlace();
        Assert.Equal(values.Y.Floats, values.X.Floats);
    }

    [Theory]
    [InlineData(127, 8)]
    [InlineData(128, 264)]
    [InlineData(300, 72)]
    public void On_CUDA_the_bias_of_any_rows_has_its_gradient(int rows, int width)
    {
        double[] x = Numbers.Normal(rows * width, 1, 3);
        using ActivationCase values = new(Backends.Create(Backends.Cuda), rows, width, x, Activation.Gelu);
        values.Backward();
        Tolerance.Chain(rows).Check(values.ExpectedDbias(values.Dx.Values), values.Dbias.Values, "dbias");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Small_values_keep_their_digits(string device, Activation activation)
    {
        double[] x = [-1, -2, -4, -6, -8, -10, 0, 1, 1e-3, -1e-5, 1e-20, 0.6249, 0.6251, -0.7, -20, -60];
        using ActivationCase values = new(Backends.Create(device), 2, 8, x, activation);
        values.Forward();
        Tolerance tolerance = new(1e-30, 1e-5, "exp in fp32, whose argument has 24 bits");
        tolerance.Check(values.Expected(values.X.Values), values.Y.Values);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Large_values_give_the_limits_and_NaN_remains(string device, Activation activation)
    {
        double[] x = [float.MaxValue, 1e20, 1e4, 100, -100, -1e4, -1e20, float.MinValue];
        using ActivationCase values = new(Backends.Create(device), 1, 8, x, activation);
        values.Forward();
        values.Backward();
        bool isBounded = activation is Activation.Tanh or Activation.Sigmoid;
        double low = activation == Activation.Tanh ? -1 : 0;
        double[] y = [.. x.Select(value => value > 0 ? (isBounded ? 1 : value) : low)];
        double[] dx = [.. x.Zip(values.Dy.Initial, (value, dy) => value > 0 && !isBounded ? dy : 0)];
        new Tolerance(1e-30, 1e-6, "limits").Check(y, values.Y.Values, "y");
        new Tolerance(1e-30, 1e-6, "limits").Check(dx, values.Dx.Values, "dx");

        values.X.Upload([.. Enumerable.Repeat(double.NaN, 8)]);
        values.Forward();
        Assert.All(values.Y.Values, value => Assert.True(double.IsNaN(value)));
        if (!isBounded) return;
        values.X.Upload([.. x.Select(value => value > 0 ? double.PositiveInfinity : double.NegativeInfinity)]);
        values.Forward();
        Assert.Equal([1, 1, 1, 1, low, low, low, low], values.Y.Values);
    }

    /// <summary>
    /// Compares every finite 16-bit input with the double reference: half a unit in the last place for the rounding to
    /// 16 bits, and a tenth for the fp32 before it.
    /// </summary>
    [Theory]
    [MemberData(nameof(LowPrecision))]
    public void Every_16_bit_input_has_the_rounded_result(ElementType type, Activation activation)
    {
        const int width = 256;
        double[] all = [.. Enumerable.Range(0, 1 << 16).Select(bits => Reference.Cast.Widen((ushort)bits, type))];
        double[] x = [.. all.Where(double.IsFinite)];
        int rows = x.Length / width;
        Assert.Equal(x.Length, rows * width);
        using IBackend backend = Backends.Create(Backends.Cuda);
        using GuardedMatrix gx = new(backend, rows, width, x, type);
        using GuardedMatrix y = new(backend, rows, width, type);
        backend.ActivationForward(gx, activation, y);
        double smallest = type == ElementType.BFloat16 ? Math.Pow(2, -133) : Math.Pow(2, -24);
        double unit = Reference.Cast.Unit(type);
        Tolerance tolerance = new(smallest, 0.6 * unit, "rounding to 16 bits");
        tolerance.Check(Reference.Activation.Forward(x, activation), y.Values, activation.ToString());
    }

    sealed class ActivationCase : OperationCase
    {
        readonly Activation _activation;

        public ActivationCase(IBackend backend, int rows, int width, double[] x, Activation activation) : base(backend)
        {
            _activation = activation;
            X = Filled(rows, width, x);
            Y = Result(rows, width);
            Dy = Random(rows, width, seed: 2);
            Dx = Result(rows, width);
            Dbias = Random(1, width, seed: 3);
        }

        public GuardedMatrix X { get; }

        public GuardedMatrix Y { get; }

        public GuardedMatrix Dy { get; }

        public GuardedMatrix Dx { get; }

        public GuardedMatrix Dbias { get; }

        public void Forward() => _backend.ActivationForward(X, _activation, Y);

        public void Backward()
        {
            _backend.ActivationBackward(Dy, X, _activation, Dx, Dbias);
            _backend.FinishGradients();
        }

        public void ForwardInPlace() => _backend.ActivationForward(X, _activation, X);

        public void BackwardIn(Matrix dx) => _backend.ActivationBackward(Dy, X, _activation, dx, default);

        public double[] Expected(double[] x) => Reference.Activation.Forward(x, _activation);

        /// <summary>Returns dbias after the sums of dx over rows were added to it.</summary>
        public double[] ExpectedDbias(double[] dx)
        {
            double[] dbias = [.. Dbias.Initial];
            for (int i = 0; i < dx.Length; i++) dbias[i % dbias.Length] += dx[i];
            return dbias;
        }

        public double[] DifferenceDx() => FiniteDifference.Gradient(X.Initial, Dy.Initial, Expected);
    }
}
