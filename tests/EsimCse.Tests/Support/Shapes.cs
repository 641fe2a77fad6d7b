namespace EsimCse.Tests.Support;

/// <summary>The batches that operations by rows are tested on: no sentence, one of one token, several of different lengths; widths around every vector's.</summary>
static class Shapes
{
    static readonly int[][] Lengths = [[], [1], [3, 1, 6, 2], [33, 5]];
    static readonly int[] Widths = [1, 7, 8, 24, 32, 37, 64, 136, 384, 768];

    public static TheoryData<string, int, int[]> All
    {
        get
        {
            TheoryData<string, int, int[]> shapes = [];
            foreach (string device in Backends.Names)
                foreach (int width in Widths.Where(width => Backends.Takes(device, width)))
                    foreach (int[] lengths in Lengths) shapes.Add(device, width, lengths);
            return shapes;
        }
    }
}
