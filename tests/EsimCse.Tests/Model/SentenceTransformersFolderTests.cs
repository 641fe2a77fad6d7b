using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Model;

/// <summary>Folders that sentence-transformers saved.</summary>
public class SentenceTransformersFolderTests
{
    const int Size = 16;

    static readonly (string Type, string Path) Transformer = ("Transformer", "");
    static readonly (string Type, string Path) Pooling = ("Pooling", "1_Pooling");

    [Fact]
    public void The_folders_pooling_and_normalisation_are_used()
    {
        using SavedModel model = new();
        WriteModules(model, "mean", Transformer, Pooling, ("Normalize", "2_Normalize"));
        float[] mean = model.Vector(new() { Pooler = Pooler.Avg, Normalize = false });
        double norm = Math.Sqrt(mean.Sum(value => (double)value * value));
        double[] expected = [.. mean.Select(value => value / norm)];
        new Tolerance(1e-6, 1e-6, "one division in fp32").Check(expected, Doubles(model.Vector()), "normalised");
    }

    [Fact]
    public void The_folders_dense_layer_is_used()
    {
        using SavedModel model = new();
        float[] cls = model.Vector(new() { Pooler = Pooler.ClsBeforePooler, Normalize = false });
        (float[] weight, float[] bias) = WriteDense(model, "torch.nn.modules.activation.Tanh");
        WriteModules(model, "cls", Transformer, Pooling, ("Dense", "2_Dense"));
        double[] expected = new double[Size];
        for (int row = 0; row < Size; row++)
        {
            double sum = bias[row];
            for (int k = 0; k < Size; k++) sum += (double)weight[Size * row + k] * cls[k];
            expected[row] = Math.Tanh(sum);
        }
        new Tolerance(1e-6, 1e-6, "a product of 16 in fp32").Check(expected, Doubles(model.Vector()), "dense");
        Assert.Equal(cls, model.Vector(new() { Pooler = Pooler.ClsBeforePooler }));
    }

    [Fact]
    public void A_dense_weight_that_is_not_finite_is_named_though_its_tanh_is_finite()
    {
        using SavedModel model = new();
        WriteDense(model, "Tanh", firstBias: float.PositiveInfinity);
        WriteModules(model, "cls", Transformer, Pooling, ("Dense", "2_Dense"));
        Assert.Contains("linear.bias", model.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_transformer_may_have_a_folder_of_its_own()
    {
        using SavedModel model = new();
        float[] before = model.Vector();
        string inner = model.In("0_Transformer");
        Directory.CreateDirectory(inner);
        foreach (string file in Directory.GetFiles(model.Folder))
            if (Path.GetFileName(file) != "modules.json") File.Move(file, Path.Combine(inner, Path.GetFileName(file)));
        WriteModules(model, "cls", ("Transformer", "0_Transformer"), Pooling);
        Assert.Equal(before, model.Vector());
    }

    [Theory]
    [InlineData("identity", "2_Dense", "cls")]
    [InlineData("Tanh", "missing", "cls")]
    [InlineData("Tanh", "2_Dense", "mean")]
    [InlineData("Tanh", "../2_Dense", "cls")]
    public void A_module_that_is_not_supported_is_refused(string activation, string path, string pooling)
    {
        using SavedModel model = new();
        WriteDense(model, activation);
        WriteModules(model, pooling, Transformer, Pooling, ("Dense", path));
        model.Refusal();
        WriteModules(model, pooling, Transformer, Pooling, ("LSTM", "2_LSTM"));
        Assert.Contains("LSTM", model.Refusal(), StringComparison.Ordinal);
    }

    static void WriteModules(SavedModel model, string pooling, params (string Type, string Path)[] modules)
    {
        IEnumerable<string> rows =
            from module in modules.Index()
            let name = $"\"idx\":{module.Index},\"name\":\"{module.Index}\""
            let type = $"\"type\":\"sentence_transformers.models.{module.Item.Type}\""
            select $"{{{name},\"path\":\"{module.Item.Path}\",{type}}}";
        File.WriteAllText(model.In("modules.json"), $"[{string.Join(',', rows)}]");
        Directory.CreateDirectory(model.In("1_Pooling"));
        File.WriteAllText(model.In("1_Pooling", "config.json"), $$"""
            {
              "word_embedding_dimension": {{Size}},
              "pooling_mode_cls_token": {{(pooling == "cls" ? "true" : "false")}},
              "pooling_mode_mean_tokens": {{(pooling == "mean" ? "true" : "false")}},
              "pooling_mode_max_tokens": false
            }
            """);
    }

    static (float[] Weight, float[] Bias) WriteDense(SavedModel model, string activation, float firstBias = 0.25f)
    {
        Random random = new(4);
        float[] weight = [.. Enumerable.Range(0, Size * Size).Select(_ => random.NextSingle() - 0.5f)];
        float[] bias = [.. Enumerable.Range(0, Size).Select(_ => random.NextSingle() - 0.5f)];
        bias[0] = firstBias;
        Directory.CreateDirectory(model.In("2_Dense"));
        File.WriteAllText(model.In("2_Dense", "config.json"), $$"""
            {"in_features":{{Size}},"out_features":{{Size}},"bias":true,"activation_function":"{{activation}}"}
            """);
        TensorToWrite[] tensors =
        [
            TensorToWrite.Floats("linear.weight", [Size, Size], () => weight),
            TensorToWrite.Floats("linear.bias", [Size], () => bias),
        ];
        SafetensorsWriter.Write(model.In("2_Dense", "model.safetensors"), tensors, new Dictionary<string, string>());
        return (weight, bias);
    }

    static double[] Doubles(float[] values) => [.. values.Select(value => (double)value)];
}
