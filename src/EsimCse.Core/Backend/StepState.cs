namespace EsimCse.Core.Backend;

/// <summary>The numbers that change from step to step, in device memory.</summary>
/// <param name="Counters">Int32 [1,5], indexed by the constants here.</param>
/// <param name="Scalars">Float32 [1,5], indexed by the constants here.</param>
public readonly record struct StepState(Matrix Counters, Matrix Scalars)
{
    /// <summary>Length of <see cref="Counters"/> and of <see cref="Scalars"/>.</summary>
    public const int Length = 5;

    /// <summary>Counter: the current step, from 1; 0 before the first.</summary>
    public const int Step = 0;

    /// <summary>Counter: the first step whose loss or gradient norm was not finite; 0 for none.</summary>
    public const int NotFiniteStep = 1;

    /// <summary>Counter: the row of the queue that the next push writes first.</summary>
    public const int QueueHead = 2;

    /// <summary>Counter: rows in the queue.</summary>
    public const int QueueCount = 3;

    /// <summary>
    /// Counter: the place in its view of the first sentence of the packed batch; above 0 only where a step's batch is
    /// encoded in parts.
    /// </summary>
    public const int FirstSentence = 4;

    /// <summary>Int32 [1,1]: <see cref="FirstSentence"/> of the counters.</summary>
    public Matrix FirstSentenceCounter =>
        Counters with { Address = Counters.Address + FirstSentence * sizeof(int), Columns = 1 };

    /// <summary>Scalar: the loss of the step, the weighted masked-language loss included.</summary>
    public const int Loss = 0;

    /// <summary>Scalar: the learning rate of the step.</summary>
    public const int LearningRate = 1;

    /// <summary>Scalar: the norm over all gradients before clipping.</summary>
    public const int GradientNorm = 2;

    /// <summary>Scalar: the factor by which clipping scales the gradients.</summary>
    public const int ClipScale = 3;

    /// <summary>Scalar: the masked-language loss of the step, where there is one.</summary>
    public const int MaskedLanguageLoss = 4;
}
