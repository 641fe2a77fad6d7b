using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Model;

/// <summary>Folders of sentence-transformers that others saved.</summary>
public class SentenceTransformersFolderTests
{
    const string Pooling = """{"word_embedding_dimension":16,"pooling_mode_cls_token":CLS,"pooling_mode_mean_tokens":MEAN,"pooling_mode_max_tokens":false}""";

    static void Modules(string folder, bool cls, params (string Type, string Path)[] modules)
    {
        IEnumerable<string> rows = modules.Select((module, i) => $$"""{"idx":{{i}},"name":"{{i}}","path":"{{module.Path}}","type":"sentence_transformers.models.{{module.Type}}"}""");
        File.WriteAllText(Path.Combine(folder, "modules.json"), $"[{string.Join(',', rows)}]");
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        File.WriteAllText(Path.Combine(folder, "1_Pooling", "config.json"),
            Pooling.Replace("CLS", cls ? "true" : "false", StringComparison.Ordinal).Replace("MEAN", cls ? "false" : "true", StringComparison.Ordinal));
    }

    static float[] Dense(string folder, string activation, float first = 0.25f)
    {
        Random random = new(4);
        float[] weight = [.. Enumerable.Range(0, 256).Select(_ => random.NextSingle() - 0.5f)], bias = [.. Enumerable.Range(0, 16).Select(_ => random.NextSingle() - 0.5f)];
        bias[0] = first;
        Directory.CreateDirectory(Path.Combine(folder, "2_Dense"));
        File.WriteAllText(Path.Combine(folder, "2_Dense", "config.json"), $$"""{"in_features":16,"out_features":16,"bias":true,"activation_function":"{{activation}}"}""");
        SafetensorsWriter.Write(Path.Combine(folder, "2_Dense", "model.safetensors"),
            [TensorToWrite.Floats("linear.weight", [16, 16], () => weight), TensorToWrite.Floats("linear.bias", [16], () => bias)], new Dictionary<string, string>());
        return [.. weight, .. bias];
    }

    static float[] Vector(string folder, EncoderOptions? options = null)
    {
        using SentenceEncoder encoder = OnCpu.Load(folder, options);
        return encoder.Encode("the old cat sees a bird");
    }

    [Fact]
    public void Pooling_dense_and_normalisation_are_the_folders_own()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        string run = small.In("run");
        Modules(run, cls: false, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize"));
        float[] mean = Vector(run, new() { Pooler = Pooler.Avg, Normalize = false }), normalised = Vector(run);
        double norm = Math.Sqrt(mean.Sum(value => (double)value * value));
        new Tolerance(1e-6, 1e-6, "one division in fp32").Check([.. mean.Select(value => value / norm)], [.. normalised.Select(value => (double)value)], "normalised");

        float[] dense = Dense(run, "torch.nn.modules.activation.Tanh"), first = Vector(run, new() { Pooler = Pooler.ClsBeforePooler, Normalize = false });
        Modules(run, cls: true, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"));
        double[] expected = [.. Enumerable.Range(0, 16).Select(row => Math.Tanh(dense[256 + row] + Enumerable.Range(0, 16).Sum(k => (double)dense[16 * row + k] * first[k])))];
        new Tolerance(1e-6, 1e-6, "a product of 16 in fp32").Check(expected, [.. Vector(run).Select(value => (double)value)], "dense");
        Assert.Equal(first, Vector(run, new() { Pooler = Pooler.ClsBeforePooler }));
    }

    [Fact]
    public void A_dense_weight_that_is_not_finite_is_named_though_its_tanh_is()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        Dense(small.In("run"), "Tanh", float.PositiveInfinity);
        Modules(small.In("run"), cls: true, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"));
        Assert.Contains("linear.bias", Assert.Throws<InvalidInputException>(() => Vector(small.In("run"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_transformer_may_lie_in_a_folder_of_its_own()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        string run = small.In("run"), inner = Path.Combine(run, "0_Transformer");
        float[] before = Vector(run);
        Directory.CreateDirectory(inner);
        foreach (string file in Directory.GetFiles(run).Where(file => Path.GetFileName(file) != "modules.json")) File.Move(file, Path.Combine(inner, Path.GetFileName(file)));
        Modules(run, cls: true, ("Transformer", "0_Transformer"), ("Pooling", "1_Pooling"));
        Assert.Equal(before, Vector(run));
    }

    [Theory]
    [InlineData("identity", "2_Dense", true)]
    [InlineData("Tanh", "missing", true)]
    [InlineData("Tanh", "2_Dense", false)]
    [InlineData("Tanh", "../2_Dense", true)]
    public void What_is_not_run_is_refused(string activation, string path, bool cls)
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        string run = small.In("run");
        Dense(run, activation);
        Modules(run, cls, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", path));
        Assert.DoesNotContain('\n', Assert.Throws<InvalidInputException>(() => Vector(run)).Message);
        Modules(run, cls, ("Transformer", ""), ("Pooling", "1_Pooling"), ("LSTM", "2_LSTM"));
        Assert.Contains("LSTM", Assert.Throws<InvalidInputException>(() => Vector(run)).Message, StringComparison.Ordinal);
    }
}
