using System.Text;
using EsimCse.Formats;

namespace EsimCse.Tests.Formats;

public class JsonLinesWriterTests
{
    [Fact]
    public void A_line_is_in_the_stream_before_the_next_chunk_is_read()
    {
        using MemoryStream stream = new();
        List<string> seen = [];
        new JsonLinesWriter().Write(stream, new VectorRows(2, Chunks()));
        Assert.Equal(["", "[1,-0.5]\n", "[1,-0.5]\n[1E-10,3E+10]\n"], seen);

        IEnumerable<float[]> Chunks()
        {
            seen.Add(Text());
            yield return [1, -0.5f];
            seen.Add(Text());
            yield return [1e-10f, 3e10f];
            seen.Add(Text());
        }

        string Text() => Encoding.UTF8.GetString(stream.ToArray());
    }
}
