using System.Runtime.InteropServices;
using EsimCse.Core.Backend;

namespace EsimCse.Core.Training;

/// <summary>The result of a step, read from the device.</summary>
/// <param name="Loss">The loss that is minimised, all weighted parts together.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="GradientNorm">The norm of the gradients of all trained tensors, before clipping.</param>
/// <param name="NotFiniteStep">The first step whose loss or norm was not finite; 0 for none.</param>
readonly record struct StepResult(float Loss, float LearningRate, float GradientNorm, int NotFiniteStep)
{
    /// <summary>The masked-language loss, without its weight; null where it is not trained.</summary>
    public float? MlmLoss { get; init; }
}

/// <summary>
/// A queue of results on their way to the host: a step's is copied while the device runs the next step.
/// </summary>
sealed class StepResults : IDisposable
{
    /// <summary>The most results in the queue.</summary>
    public const int Capacity = 2;

    readonly IBackend _backend;
    readonly Matrix _numbers;
    readonly bool _hasMlmLoss;
    readonly IHostCopy[] _copies;
    int _enqueued, _dequeued;

    /// <summary>Creates a queue over the device's <see cref="PersistentBuffers.StepNumbers"/>.</summary>
    public StepResults(IBackend backend, Matrix stepNumbers, bool hasMlmLoss)
    {
        _hasMlmLoss = hasMlmLoss;
        _backend = backend;
        _numbers = stepNumbers;
        _copies = new IHostCopy[Capacity];
        for (int i = 0; i < Capacity; i++) _copies[i] = backend.CreateHostCopy((int)stepNumbers.Bytes);
    }

    /// <summary>The number of results enqueued and not dequeued.</summary>
    public int Count => _enqueued - _dequeued;

    /// <summary>Whether <see cref="Dequeue"/> would return without waiting.</summary>
    public bool IsNextCompleted => Count > 0 && _copies[_dequeued % Capacity].IsCompleted;

    /// <summary>
    /// Begins to copy the result of the step enqueued last. At most <see cref="Capacity"/> are pending.
    /// </summary>
    public void Enqueue() => _copies[_enqueued++ % Capacity].Begin(_numbers);

    /// <summary>Waits for the oldest pending result and returns it.</summary>
    public StepResult Dequeue()
    {
        Span<int> numbers = stackalloc int[2 * StepState.Length];
        _copies[_dequeued++ % Capacity].Wait(numbers);
        return Parse(numbers);
    }

    /// <summary>Waits for all that was enqueued, and returns the result of the last step.</summary>
    public StepResult Read()
    {
        Span<int> numbers = stackalloc int[2 * StepState.Length];
        _backend.Download(_numbers, numbers);
        return Parse(numbers);
    }

    public void Dispose()
    {
        foreach (IHostCopy copy in _copies) copy.Dispose();
    }

    StepResult Parse(ReadOnlySpan<int> numbers)
    {
        ReadOnlySpan<float> scalars = MemoryMarshal.Cast<int, float>(numbers[StepState.Length..]);
        return new(
            scalars[StepState.Loss],
            scalars[StepState.LearningRate],
            scalars[StepState.GradientNorm],
            numbers[StepState.NotFiniteStep])
        {
            MlmLoss = _hasMlmLoss ? scalars[StepState.MaskedLanguageLoss] : null,
        };
    }
}
