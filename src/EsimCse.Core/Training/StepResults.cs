using System.Runtime.InteropServices;
using EsimCse.Core.Backend;

namespace EsimCse.Core.Training;

/// <summary>What a step did, read back from the device.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="GradientNorm">Over all trained tensors, before clipping.</param>
/// <param name="NotFiniteStep">The first step whose loss or norm was not finite; 0 for none.</param>
public readonly record struct StepResult(float Loss, float LearningRate, float GradientNorm, int NotFiniteStep);

/// <summary>The numbers of the step under way, in device memory, and their way to the host: posted behind one step, collected while the device is at work on the next.</summary>
sealed class StepResults : IDisposable
{
    /// <summary>So many steps may be under way.</summary>
    public const int Capacity = 2;

    readonly IBackend _backend;
    readonly Matrix _numbers;
    readonly IHostCopy[] _readbacks;
    int _posted, _collected;

    public StepResults(IBackend backend, Arena arena)
    {
        (_backend, _numbers) = (backend, arena.Allocate(2, StepState.Length, ElementType.Int32));
        _readbacks = [.. Enumerable.Range(0, Capacity).Select(_ => backend.CreateHostCopy((int)_numbers.Bytes))];
    }

    /// <summary>Where the operations read and write them.</summary>
    public StepState State => new(_numbers.Slice(0, 1), _numbers.Slice(1, 1) with { Type = ElementType.Float32 });

    /// <summary>Steps posted and not collected.</summary>
    public int Count => _posted - _collected;

    /// <summary>Whether what the oldest posted step did can be collected without waiting.</summary>
    public bool IsNextCompleted => Count > 0 && _readbacks[_collected % Capacity].IsCompleted;

    /// <summary>Sends what the last queued step did on its way. At most two are pending.</summary>
    public void Enqueue() => _readbacks[_posted++ % Capacity].Begin(_numbers);

    /// <summary>What the oldest posted step did, once it is done.</summary>
    public StepResult Dequeue()
    {
        Span<int> numbers = stackalloc int[2 * StepState.Length];
        _readbacks[_collected++ % Capacity].Wait(numbers);
        return Result(numbers);
    }

    /// <summary>What the last queued step did, after all that was queued.</summary>
    public StepResult Read()
    {
        Span<int> numbers = stackalloc int[2 * StepState.Length];
        _backend.Download(_numbers, numbers);
        return Result(numbers);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IHostCopy readback in _readbacks) readback.Dispose();
    }

    static StepResult Result(ReadOnlySpan<int> numbers)
    {
        ReadOnlySpan<float> scalars = MemoryMarshal.Cast<int, float>(numbers[StepState.Length..]);
        return new(scalars[StepState.Loss], scalars[StepState.LearningRate], scalars[StepState.GradientNorm], numbers[StepState.NotFiniteStep]);
    }
}
