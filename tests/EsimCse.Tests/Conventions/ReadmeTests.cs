using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Conventions;

/// <summary>The README shows the code of this file, which compiles and runs.</summary>
public class ReadmeTests
{
    [Fact]
    public void Embedding()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        string folder = small.In("run");
        #region readme
        using SentenceEncoder encoder = SentenceEncoder.Load(folder);
        float[][] vectors = encoder.Encode(["the cat sees a tree.", "a bird hears the dog."]);
        double cosine = encoder.Similarity("the cat sees a tree.", "the old cat sees a red tree.");
        #endregion
        Assert.Equal([16, 16], vectors.Select(vector => vector.Length));
        Assert.InRange(cosine, -1, 1);
    }

    [Fact]
    public void Training()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        using CancellationTokenSource stop = new();
        string folder = small.In("run");
        string sentences = small.In("corpus.txt");
        string trained = small.In("trained");
        #region readme
        TrainingJob job = new()
        {
            Model = folder,
            Data = [sentences],
            Output = trained,
            Options = new() { MaxSteps = 4, BatchSize = 8 },
        };
        EncoderTraining.Run(
            job,
            progress => Console.WriteLine($"step {progress.Step}: loss {progress.Loss:F4}"),
            cancellation: stop.Token);
        #endregion
        Assert.True(File.Exists(Path.Combine(trained, "model.safetensors")));
    }

    [Fact]
    public void The_README_shows_this_code()
    {
        string[] source = File.ReadAllLines(Repository.File("tests", "EsimCse.Tests", "Conventions", "ReadmeTests.cs"));
        string readme = File.ReadAllText(Repository.File("README.md"));
        List<string> regions = [];
        for (int i = 0; i < source.Length; i++)
            if (source[i].Trim() == "#region readme")
                regions.Add(Unindented(source[(i + 1)..].TakeWhile(line => line.Trim() != "#endregion")));
        Assert.Equal(2, regions.Count);
        string[] shown = [.. readme.Split("```csharp\n").Skip(1).Select(part => part.Split("```")[0])];
        Assert.Equal(regions, shown);
    }

    static string Unindented(IEnumerable<string> lines) =>
        string.Concat(lines.Select(line => line[Math.Min(8, line.Length)..] + "\n"));
}
