using EsimCse.Core.Backend;

namespace EsimCse.Tests.Support;

/// <summary>The counters and scalars of a step in guarded device memory.</summary>
sealed class TrainingState : IDisposable
{
    public TrainingState(IBackend backend, int[]? counters = null, double[]? scalars = null)
    {
        Counters = new(backend, 1, StepState.Length, counters ?? new int[StepState.Length]);
        Scalars = new(backend, 1, StepState.Length, scalars ?? new double[StepState.Length]);
    }

    public GuardedMatrix Counters { get; }

    public GuardedMatrix Scalars { get; }

    public static implicit operator StepState(TrainingState state) => new(state.Counters, state.Scalars);

    public void Dispose()
    {
        Counters.Dispose();
        Scalars.Dispose();
    }
}
