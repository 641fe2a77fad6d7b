namespace EsimCse.Core.Backend;

/// <summary>
/// The mask of one dropout, a pure function of (seed, step, site, view, sentence, element): it is not stored, the
/// backward pass draws it again. An element is kept if its 16-bit draw is at least <see cref="Threshold"/>, and is
/// then multiplied by <see cref="Scale"/>. The default value drops nothing.
/// </summary>
/// <remarks>
/// The draws are those of <see cref="Philox"/>: counter = (element / 8, site | view · 65536, sentence, step);
/// element % 8 selects the draw; element = position of the row in its sentence × columns + column.
/// With B = <see cref="SentencesPerView"/>, sentence s of a packed batch is sentence s % B, counted on from
/// <see cref="StepState.FirstSentence"/>, of view <see cref="FirstView"/> + s / B.
/// </remarks>
/// <param name="Rate">Share of the elements dropped, 0 … below 1.</param>
/// <param name="Seed">The key of the draws.</param>
/// <param name="Site">The index of this dropout in the model, 0 … 65535.</param>
/// <param name="SentencesPerView">B.</param>
/// <param name="Counters"><see cref="StepState.Counters"/>, which hold the step and the first sentence.</param>
public readonly record struct DropoutMask(float Rate, ulong Seed, int Site, int SentencesPerView, Matrix Counters)
{
    /// <summary>
    /// The view of the first sentence: 0 for anchors, positives and hard negatives; for the masked copies of anchors
    /// and positives an even one above those. Where it is not 0 the batch holds two views at most.
    /// </summary>
    public int FirstView { get; init; }

    /// <summary>The draw from which on elements are kept: round(65536 · rate).</summary>
    public int Threshold => (int)MathF.Round(65536 * Rate);

    /// <summary>The factor of a kept element: 65536 / (65536 − threshold), so that the mean is exact.</summary>
    public float Scale => 65536f / (65536 - Threshold);

    /// <summary>Whether any element can be dropped.</summary>
    public bool IsActive => Threshold > 0;

    /// <summary>Returns the mask of another site of the model.</summary>
    public DropoutMask At(int site) => this with { Site = site };
}
