using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Native;

public class EncoderTrainingTests
{
    [Theory]
    [InlineData(".parquet")]
    [InlineData(".arrow")]
    public void A_table_trains_the_same_model_as_its_strings_in_lines(string extension)
    {
        using SmallModel small = new();
        TableSamples.Write(small.In("data" + extension), 40);
        File.WriteAllLines(small.In("data.txt"), Enumerable.Range(0, 40).Select(TableSamples.Text));
        TrainingJob lines = small.Job("lines") with { Data = [small.In("data.txt")] };
        TrainingJob table = small.Job("table") with { Data = [small.In("data" + extension)], Column = "text" };
        TrainingJob pairs = small.Job("pairs") with { Data = table.Data, Columns = ["text", "text"] };
        DeviceChoice cpu = new("cpu", Threads: 1);
        foreach (TrainingJob job in new[] { lines, table, pairs }) EncoderTraining.Run(job, device: cpu);
        Assert.Equal(RunOutput.Model(lines), RunOutput.Model(table));
        Assert.True(Directory.Exists(pairs.Output));
    }
}
