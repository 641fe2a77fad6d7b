namespace EsimCse.Tests.Support;

/// <summary>
/// Batches for operations on rows: no sentence, one token, several lengths; widths around those of vectors and warps.
/// </summary>
static class Shapes
{
    static readonly int[][] Lengths = [[], [1], [3, 1, 6, 2], [33, 5]];
    static readonly int[] Widths = [1, 7, 8, 24, 32, 37, 64, 136, 384, 768];

    /// <summary>Every shape on every backend; those that are not representative are marked exhaustive.</summary>
    public static TheoryData<string, int, int[]> All
    {
        get
        {
            TheoryData<string, int, int[]> shapes = [];
            foreach (string device in Backends.Names)
                foreach (int width in Widths.Where(width => Backends.SupportsWidth(device, width)))
                    foreach (int[] lengths in Lengths)
                    {
                        TheoryDataRow<string, int, int[]> shape = new(device, width, lengths);
                        shapes.Add(IsRepresentative(width, lengths) ? shape : TestCategory.MarkExhaustive(shape));
                    }
            return shapes;
        }
    }

    static bool IsRepresentative(int width, int[] lengths) =>
        width == 8 || width is 1 or 37 or 136 && lengths.Length == 4;
}
