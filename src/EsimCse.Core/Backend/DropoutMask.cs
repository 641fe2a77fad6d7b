namespace EsimCse.Core.Backend;

/// <summary>
/// Which elements one dropout keeps, as a pure function of (seed, step, site, view, sentence, element): nothing is stored,
/// the backward draws it again. An element is kept if its 16-bit draw is at least <see cref="Threshold"/>, and is then
/// multiplied by <see cref="Scale"/>. The default value drops nothing.
/// </summary>
/// <remarks>
/// The draws are <see cref="Philox"/>'s: counter = (element / 8, site | view · 65536, sentence, step), element % 8 picks the draw.
/// Sentence s of a packed batch is sentence s % <see cref="SentencesPerView"/> of view s / <see cref="SentencesPerView"/>;
/// element = place of the row within its sentence × columns + column.
/// </remarks>
/// <param name="Rate">Share of the elements dropped, 0 … below 1.</param>
/// <param name="Seed">The key of the draws.</param>
/// <param name="Site">Which dropout of the model, 0 … 65535.</param>
/// <param name="SentencesPerView">B.</param>
/// <param name="Counters">The <see cref="StepState.Counters"/> that hold the step, in device memory.</param>
public readonly record struct DropoutMask(float Rate, ulong Seed, int Site, int SentencesPerView, Matrix Counters)
{
    /// <summary>Draws below this are dropped: round(65536 · rate).</summary>
    public int Threshold => (int)MathF.Round(65536 * Rate);

    /// <summary>What a kept element is multiplied by: 65536 / (65536 − threshold), so that the mean stays exact.</summary>
    public float Scale => 65536f / (65536 - Threshold);

    /// <summary>False where every element is kept.</summary>
    public bool IsActive => Threshold > 0;

    /// <summary>The same draws at another place in the model.</summary>
    public DropoutMask At(int site) => this with { Site = site };
}
