using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class GradientNormTests
{
    const double Maximum = 1;

    [Theory]
    [InlineData("cpu-1", 0.01)]
    [InlineData("cpu-3", 3)]
    [InlineData("cuda", 0.01)]
    [InlineData("cuda", 3)]
    public void Norm_and_clip_scale_over_the_chunks_equal_the_reference(string device, double size)
    {
        double[] gradients = [.. Numbers.Normal(800, 1, size).Select((value, i) => IsGap(i) ? double.NaN : value)];
        using NormCase norm = new(Backends.Create(device), gradients);
        norm.Run();
        (double expectedNorm, double expectedScale) = GradientNorm.Compute(gradients, NormCase.Chunks, Maximum);
        double[] scalars = norm.State.Scalars.Values;
        Tolerance tolerance = new(0, 1e-5, "a sum of squares in fp32");
        tolerance.Check([expectedNorm, expectedScale], [scalars[StepState.GradientNorm], scalars[StepState.ClipScale]]);
        Assert.Equal(size < 0.1, expectedScale == 1);

        static bool IsGap(int i) => i is >= 512 and < 516 or >= 520 and < 600;
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_first_step_that_is_not_finite_is_marked_and_stays_marked(string device)
    {
        CheckMark(device, loss: 1, gradient: double.NaN);
        CheckMark(device, loss: double.PositiveInfinity, gradient: 1);
        CheckMark(device, loss: 1, gradient: double.NegativeInfinity);
        CheckMark(device, loss: double.NaN, gradient: 1);
    }

    [Theory]
    [InlineData("cpu-3", 5000)]
    [InlineData("cuda", 1)]
    [InlineData("cuda", 31)]
    [InlineData("cuda", 33)]
    [InlineData("cuda", 1023)]
    [InlineData("cuda", 1025)]
    [InlineData("cuda", 5000)]
    public void Any_number_of_chunks_is_added(string device, int count)
    {
        const int size = 4;
        using IBackend backend = Backends.Create(device);
        int[] chunks = [.. Enumerable.Range(0, count).SelectMany(i => new[] { i * size, size, 0 })];
        double[] gradients = Numbers.Normal(count * size, 1);
        using GuardedMatrix arena = new(backend, 1, gradients.Length, gradients);
        using GuardedMatrix table = new(backend, count, ParameterChunk.Columns, chunks);
        using GuardedMatrix partials = new(backend, 1, count);
        using TrainingState state = new(backend);
        backend.GradientNorm(arena, table, touched: default, (float)Maximum, partials, state);
        (double norm, _) = GradientNorm.Compute(gradients, chunks, Maximum);
        Assert.Equal(1, state.Scalars.Floats[StepState.GradientNorm] / norm, 1e-6);
    }

    // Rows of 24 elements from element 4 on, which chunks cut; a chunk before and one after the table.
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Rows_that_are_not_touched_are_not_read_and_change_no_bit(string device)
    {
        const int first = 4, columns = 24;
        int[] flags = [1, 0, 0, 1, 0, 1, 0];
        int[] chunks = [0, 4, 0, first, 60, 0, 64, 60, 0, 124, 48, 0, 176, 40, 0];
        double[] dense = [.. Numbers.Normal(216, 1).Select((value, i) => IsTouched(i) ? value : 0)];
        // The CPU may read the zeros.
        double unread = device == Backends.Cuda ? double.NaN : 0;
        double[] sparse = [.. dense.Select((value, i) => IsTouched(i) ? value : unread)];
        using IBackend backend = Backends.Create(device);
        using GuardedMatrix touched = new(backend, 1, flags.Length, flags);
        Assert.Equal(Norm(dense, default), Norm(sparse, new TouchedRows(touched, first, columns)));

        bool IsTouched(int i) => i < first || i >= first + flags.Length * columns || flags[(i - first) / columns] == 1;

        float[] Norm(double[] gradients, TouchedRows rows)
        {
            using GuardedMatrix arena = new(backend, 1, gradients.Length, gradients);
            using GuardedMatrix table = new(backend, chunks.Length / 3, ParameterChunk.Columns, chunks);
            using GuardedMatrix partials = new(backend, 1, chunks.Length / 3);
            using TrainingState state = new(backend);
            backend.GradientNorm(arena, table, rows, (float)Maximum, partials, state);
            return [.. partials.Floats, state.Scalars.Floats[StepState.GradientNorm]];
        }
    }

    static void CheckMark(string device, double loss, double gradient)
    {
        using NormCase norm = new(Backends.Create(device), [.. Enumerable.Repeat(gradient, 800)], loss);
        norm.RunStep(5, notFiniteStep: 0);
        Assert.Equal([5, 5, 0, 0, 0], norm.State.Counters.Integers);
        norm.RunStep(6, notFiniteStep: 5);
        Assert.Equal([6, 5, 0, 0, 0], norm.State.Counters.Integers);
    }

    sealed class NormCase : OperationCase
    {
        // first element, number of elements, flags
        public static readonly int[] Chunks = [0, 512, 0, 516, 4, 3, 600, 200, 1];

        readonly GuardedMatrix _arena;
        readonly GuardedMatrix _chunks;
        readonly GuardedMatrix _partials;

        public NormCase(IBackend backend, double[] gradients, double loss = 0) : base(backend)
        {
            _arena = Filled(1, gradients.Length, gradients);
            _chunks = Filled(3, ParameterChunk.Columns, Chunks);
            _partials = Result(1, 3);
            State = Own(new TrainingState(backend, counters: [5, 0, 0, 0, 0], scalars: [loss, 0, 0, 0, 0]));
        }

        public TrainingState State { get; }

        public void Run() => _backend.GradientNorm(_arena, _chunks, touched: default, (float)Maximum, _partials, State);

        public void RunStep(int step, int notFiniteStep)
        {
            _backend.Upload<int>([step, notFiniteStep, 0, 0, 0], State.Counters);
            Run();
        }
    }
}
