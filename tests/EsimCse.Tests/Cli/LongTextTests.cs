using EsimCse.Core.Files;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class LongTextTests
{
    [Fact]
    public void A_line_of_a_megabyte_is_cut_off_and_counted()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        File.WriteAllText(small.In("long.txt"), string.Concat(Enumerable.Repeat("the cat ", 150_000)) + "\nthe cat\n");
        (int code, string output, string error) = Tool.Run("", "embed", small.In("run"), small.In("long.txt"));
        Assert.Equal((0, 2), (code, output.Count(c => c == '\n')));
        Assert.Contains("1 sentences were longer", error, StringComparison.Ordinal);
        (code, _, error) = Tool.Run("", "train", small.In("run"), "--data", small.In("long.txt"), small.In("corpus.txt"), "--output", small.In("again"), "--max-steps", "2", "--batch-size", "4");
        Assert.True(code == 0, error);
        Assert.Contains("1 truncated to 32 tokens", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vector_that_is_not_finite_is_named_by_its_line()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        List<TensorToWrite> tensors = [];
        using (SafetensorsFile file = SafetensorsFile.Open(small.In("run", "model.safetensors")))
            foreach (StoredTensor tensor in file.Tensors.Values)
            {
                float[] values = new float[tensor.Count];
                file.ReadFloats(tensor, values);
                // The word 'tree' alone, finite itself, takes the sums past what fp32 holds.
                if (tensor.Name == "embeddings.word_embeddings.weight") values.AsSpan(15 * 16, 16).Fill(3e38f);
                if (tensor.Name == "embeddings.word_embeddings.weight") values[15 * 16] = -3e38f;
                tensors.Add(TensorToWrite.Floats(tensor.Name, [.. tensor.Shape.Select(size => (int)size)], () => values));
            }
        SafetensorsWriter.Write(small.In("run", "model.safetensors"), tensors, new Dictionary<string, string>());
        File.WriteAllLines(small.In("text.txt"), Enumerable.Range(1, 3000).Select(line => line == 2900 ? "the old tree" : "the old cat"));
        (int code, _, string error) = Tool.Run("", "embed", small.In("run"), small.In("text.txt"), "--output", small.In("v.npy"));
        Assert.Equal(3, code);
        Assert.Contains("line 2900", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(small.Folder, "v.npy*"));
    }
}
