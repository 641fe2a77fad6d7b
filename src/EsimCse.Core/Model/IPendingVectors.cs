namespace EsimCse.Core.Model;

/// <summary>The vectors of a batch that is being computed.</summary>
interface IPendingVectors
{
    /// <summary>Waits for the vectors and returns them, [sentences, width].</summary>
    float[] Wait();

    /// <summary>Gives them up. Afterwards nothing reads the weights for them.</summary>
    void Cancel();
}
