namespace EsimCse.Core.Training;

/// <summary>The first values of the projection head of <c>cls</c>.</summary>
public enum HeadInit
{
    /// <summary>Weights drawn from N(0, 0.02²), zero biases.</summary>
    Random,

    /// <summary>The model folder's <c>pooler.dense</c>.</summary>
    Checkpoint,
}

/// <summary>The first weights of the momentum encoder.</summary>
public enum MomentumInit
{
    /// <summary>A copy of the encoder's.</summary>
    Pretrained,

    /// <summary>Newly drawn, as in the published run.</summary>
    Random,
}

/// <summary>The moments at which the queue of negatives is emptied.</summary>
public enum QueueReset
{
    /// <summary>At the start of every epoch, as in the published run.</summary>
    Epoch,

    /// <summary>Never.</summary>
    Never,
}
