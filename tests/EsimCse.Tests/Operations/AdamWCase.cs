using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>
/// Two tensors with 40 elements together in arenas of 48, with NaN between them. The first tensor decays and has an
/// EMA, the second does not.
/// </summary>
sealed class AdamWCase : OperationCase
{
    public const int Elements = 40;

    const int ArenaLength = 48;
    const int SecondTensor = 40;
    const double Decay = 0.1;
    const double EmaDecay = 0.9;
    const double InitialRate = 1e-2;
    const int Steps = 60;

    readonly GuardedMatrix _chunks;
    readonly GuardedMatrix _partials;
    readonly GuardedMatrix? _flags;

    /// <summary>
    /// Creates the case; the first tensor has `split` elements, in `rows` rows whose gradients may be absent, or dense.
    /// </summary>
    public AdamWCase(IBackend backend, int split, int[]? counters = null, int rows = 0) : base(backend)
    {
        const int both = ParameterChunk.Decays | ParameterChunk.Ema;
        int[] chunks =
        [
            0, 20, both,
            20, split - 20, both,
            SecondTensor, Elements - split, 0,
        ];
        Split = split;
        _chunks = Filled(3, ParameterChunk.Columns, chunks);
        _partials = Result(1, 3);
        if (rows > 0) _flags = Filled(1, rows, new int[rows]);
        Theta = Numbers.Normal(Elements, 1);
        EmaReference = [.. Theta];
        Parameters = Arena(Theta);
        M = Arena(MReference);
        V = Arena(VReference);
        Ema = Arena(Theta);
        Gradients = Result(1, ArenaLength);
        double[] noEma = [.. Theta.Select((value, i) => i < split ? value : double.NaN)];
        Bf16Weights = Arena(Theta, ElementType.BFloat16);
        Bf16Ema = Arena(noEma, ElementType.BFloat16);
        State = Own(new TrainingState(backend, counters));
    }

    public int Split { get; }

    public GuardedMatrix Parameters { get; }

    public GuardedMatrix M { get; }

    public GuardedMatrix V { get; }

    public GuardedMatrix Ema { get; }

    public GuardedMatrix Gradients { get; }

    public GuardedMatrix Bf16Weights { get; }

    public GuardedMatrix Bf16Ema { get; }

    public TrainingState State { get; }

    /// <summary>θ of the reference, without gaps.</summary>
    public double[] Theta { get; }

    public double[] EmaReference { get; }

    TouchedRows Touched => _flags is null ? default : new(_flags, First: 0, Split / _flags.Matrix.Columns);

    double[] MReference { get; } = new double[Elements];

    double[] VReference { get; } = new double[Elements];

    /// <summary>Runs schedule, norm and update on the device.</summary>
    public void Step(double[] gradients, bool withEma = true)
    {
        Gradients.Upload(WithGaps(gradients));
        _backend.Schedule(LearningRateSchedule.Linear, (float)InitialRate, warmup: 0, Steps, State);
        _backend.GradientNorm(Gradients, _chunks, Touched, 1, _partials, State);
        Matrix ema = withEma ? Ema.Matrix : default;
        Matrix bf16Weights = withEma ? Bf16Weights.Matrix : default;
        Matrix bf16Ema = withEma ? Bf16Ema.Matrix : default;
        _backend.AdamWUpdate(
            Gradients, _chunks, Touched, (float)Decay, (float)EmaDecay, State, Parameters, M, V, ema,
            bf16Weights, bf16Ema);
    }

    /// <summary>Sets the flags of the rows that have a gradient.</summary>
    public void Touch(int[] flags) => _backend.Upload<int>(flags, _flags!);

    public void ClearGradients() => _backend.ClearGradients(_chunks, Touched, Gradients);

    /// <summary>Pushes a row into a queue of two rows and returns the queue.</summary>
    public double[] PushToQueue(double[] queue, double[] row)
    {
        using GuardedMatrix deviceQueue = new(_backend, 2, row.Length, queue);
        using GuardedMatrix deviceRow = new(_backend, 1, row.Length, row);
        _backend.QueuePush(deviceRow, deviceQueue, State);
        return deviceQueue.Values;
    }

    /// <summary>Updates the reference and returns its gradient norm, learning rate and clip scale.</summary>
    public double[] StepReference(double[] gradients, int step)
    {
        double norm = Math.Sqrt(gradients.Sum(value => value * value));
        double rate = InitialRate * (1 - (step - 1) / (double)Steps);
        double clip = Math.Min(1, 1 / (norm + 1e-6));
        double[] secondEma = EmaReference[Split..];
        Update(0..Split, Decay);
        Update(Split..Elements, 0);
        secondEma.CopyTo(EmaReference, Split);
        return [norm, rate, clip];

        void Update(Range tensor, double decay)
        {
            double[] theta = Theta[tensor];
            double[] m = MReference[tensor];
            double[] v = VReference[tensor];
            double[] ema = EmaReference[tensor];
            AdamW.Update(theta, gradients[tensor], m, v, ema, step, rate, clip, decay, EmaDecay);
            theta.CopyTo(Theta, tensor.Start.Value);
            m.CopyTo(MReference, tensor.Start.Value);
            v.CopyTo(VReference, tensor.Start.Value);
            ema.CopyTo(EmaReference, tensor.Start.Value);
        }
    }

    /// <summary>Returns the elements of both tensors in an arena.</summary>
    public double[] Tensors(GuardedMatrix arena)
    {
        double[] values = arena.Values;
        return [.. values[..Split], .. values[SecondTensor..(SecondTensor + Elements - Split)]];
    }

    /// <summary>Returns the elements of an arena between and behind the tensors.</summary>
    public double[] Gaps(GuardedMatrix arena)
    {
        double[] values = arena.Values;
        return [.. values[Split..SecondTensor], .. values[(SecondTensor + Elements - Split)..]];
    }

    GuardedMatrix Arena(double[] values, ElementType type = ElementType.Float32) =>
        Own(new GuardedMatrix(_backend, 1, ArenaLength, WithGaps(values), type));

    double[] WithGaps(double[] values)
    {
        double[] arena = [.. Enumerable.Repeat(double.NaN, ArenaLength)];
        values[..Split].CopyTo(arena, 0);
        values[Split..].CopyTo(arena, SecondTensor);
        return arena;
    }
}
