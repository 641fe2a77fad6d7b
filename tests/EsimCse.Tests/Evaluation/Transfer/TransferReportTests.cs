using System.Text.Json;
using EsimCse.Core.Evaluation.Transfer;

namespace EsimCse.Tests.Evaluation.Transfer;

public class TransferReportTests
{
    [Fact]
    public void Json_has_the_scores_as_they_are_and_their_average()
    {
        TransferReport report = new([("mr", new(2 / 3.0, 0.7)), ("trec", new(0.5, 0.1 + 0.2))]);
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            report.Write(json);
            json.WriteEndObject();
        }
        const string expected = """
            {"transfer":{"mr":{"accuracy":0.6666666666666666,"dev":0.7},
            "trec":{"accuracy":0.5,"dev":0.30000000000000004},"average":0.5833333333333333}}
            """;
        Assert.Equal(
            expected.ReplaceLineEndings(""), System.Text.Encoding.UTF8.GetString(stream.ToArray()));
    }
}
