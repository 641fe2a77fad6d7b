namespace EsimCse.Reports.Drawing;

/// <summary>The texts of a picture.</summary>
/// <param name="Title">The title.</param>
/// <param name="Description">One sentence on how to read it.</param>
/// <param name="X">The name of the horizontal axis.</param>
/// <param name="Y">The name of the vertical axis.</param>
sealed record ChartNames(string Title, string Description, string X, string Y);
