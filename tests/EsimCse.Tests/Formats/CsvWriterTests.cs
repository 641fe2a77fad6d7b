using System.Text;
using EsimCse.Formats;

namespace EsimCse.Tests.Formats;

public class CsvWriterTests
{
    [Theory]
    [InlineData(0, "e0,e1\n")]
    [InlineData(2, "e0,e1\n0.25,-1E-05\n0.25,-1E-05\n")]
    public void Lines_end_at_LF_and_start_without_a_mark(int rows, string expected)
    {
        float[] vector = [0.25f, -1e-5f];
        using MemoryStream stream = new();
        new CsvWriter().Write(stream, new VectorRows(2, Enumerable.Repeat(vector, rows)));
        Assert.Equal(expected, Encoding.UTF8.GetString(stream.ToArray()));
        Assert.True(stream.CanWrite);
    }
}
