namespace EsimCse.Core.Backend;

/// <summary>The time at which repetitions are drawn. The values are the kernel's.</summary>
public enum RepetitionDraw
{
    /// <summary>Once for the whole training: a sentence is augmented in the same way in every epoch.</summary>
    Once,

    /// <summary>In every step.</summary>
    Step,
}
