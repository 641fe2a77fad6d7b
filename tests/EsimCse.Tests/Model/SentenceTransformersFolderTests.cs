using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Model;

/// <summary>Folders that sentence-transformers saved, against loops in double over their modules in order.</summary>
public class SentenceTransformersFolderTests
{
    const int Size = 16;
    const string Cpu = "cpu";
    const string Tanh = "activation.Tanh";

    static readonly string[] Texts = ["the old cat sees a bird", "", "dogs hear the red house in the old tree ."];
    static readonly Tolerance Close = new(2e-5, 2e-5, "fp32 through the layers");

    [Theory]
    [InlineData(Cpu)]
    [InlineData(Backends.Cuda)]
    public void All_modes_are_joined_in_the_fixed_order_of_the_flags(string device)
    {
        using SavedModel model = new();
        model.WriteModules("Transformer", "Pooling");
        string[] modes = ["lasttoken", "weightedmean_tokens", "mean_sqrt_len_tokens", "mean_tokens", "max_tokens"];
        model.WritePooling([.. modes, "cls_token"]);
        Check(model, device, oracle => oracle.Pool(Enum.GetValues<TokenPooling>()));
    }

    [Theory]
    [InlineData(Cpu)]
    [InlineData(Backends.Cuda)]
    public void A_list_of_modes_is_joined_in_its_own_order_and_a_Normalize_may_come_before_a_Dense(string device)
    {
        using SavedModel model = new();
        const string modules = "sentence_transformers.sentence_transformer.modules.";
        model.WriteModules(
            "sentence_transformers.base.modules.transformer.Transformer",
            modules + "pooling.Pooling",
            modules + "normalize.Normalize",
            "sentence_transformers.base.modules.dense.Dense");
        const string pooling = """{"embedding_dimension": 16, "pooling_mode": ["lasttoken", "max"]}""";
        model.Write("1_Pooling/config.json", pooling);
        const string names = """{"module_input_name": "sentence_embedding", "module_output_name": null}""";
        model.Write("2_Normalize/config.json", names);
        var dense = model.WriteDense("3_Dense", 2 * Size, 8, "activation.Sigmoid");
        Check(model, device, oracle => oracle
            .Pool(TokenPooling.LastToken, TokenPooling.Max)
            .Normalize()
            .Dense(dense, Activation.Sigmoid));
    }

    [Theory]
    [InlineData(Cpu)]
    [InlineData(Backends.Cuda)]
    public void Dense_LayerNorm_Dropout_and_Normalize_run_in_the_order_of_the_file(string device)
    {
        using SavedModel model = new();
        model.WriteModules("Transformer", "Pooling", "Dense", "LayerNorm", "Dropout", "Dense", "Dense", "Normalize");
        model.WritePooling("cls_token", "mean_tokens");
        var first = model.WriteDense("2_Dense", 2 * Size, 40, "activation.GELU", hasBias: false);
        var norm = model.WriteLayerNorm("3_LayerNorm", 40);
        var second = model.WriteDense("5_Dense", 40, 24, "activation.ReLU");
        var third = model.WriteDense("6_Dense", 24, 8, "linear.Identity");
        Check(model, device, oracle => oracle
            .Pool(TokenPooling.Cls, TokenPooling.Mean)
            .Dense(first, Activation.Gelu)
            .LayerNorm(norm)
            .Dense(second, Activation.Relu)
            .Dense(third, null)
            .Normalize());
    }

    [Theory]
    [InlineData(Cpu, "cls_token")]
    [InlineData(Backends.Cuda, "cls_token")]
    [InlineData(Cpu, "mean_tokens")]
    public void A_Dense_of_the_models_width_follows_any_pooling(string device, string flag)
    {
        using SavedModel model = new();
        model.WriteModules("Transformer", "Pooling", "Dense", "Normalize");
        model.WritePooling(flag);
        var dense = model.WriteDense("2_Dense", Size, Size, Tanh);
        TokenPooling pooling = flag == "cls_token" ? TokenPooling.Cls : TokenPooling.Mean;
        Check(model, device, oracle => oracle.Pool(pooling).Dense(dense, Activation.Tanh).Normalize());
    }

    [Fact]
    public void Vectors_are_truncated_after_all_modules_and_not_normalised_again()
    {
        using SavedModel model = new();
        model.WriteModules("Transformer", "Pooling", "Normalize");
        model.WritePooling("mean_tokens");
        model.Merge("config_sentence_transformers.json", """{"truncate_dim": 6}""");
        Check(model, Cpu, oracle => oracle.Pool(TokenPooling.Mean).Normalize().Columns(6));
        using SentenceEncoder encoder = OnCpu.Load(model.Folder);
        Assert.Equal(6, encoder.Dimension);
    }

    [Fact]
    public void An_explicit_pooler_replaces_all_modules_but_Normalize()
    {
        using SavedModel model = new();
        model.WriteModules("Transformer", "Pooling", "Normalize", "Dense");
        model.WritePooling("max_tokens");
        model.WriteDense("3_Dense", Size, 8, Tanh);
        float[] plain = model.Vector(new() { Pooler = Pooler.Avg, Normalize = false });
        double norm = Math.Sqrt(plain.Sum(value => (double)value * value));
        double[] expected = [.. plain.Select(value => value / norm)];
        Close.Check(expected, [.. model.Vector(new() { Pooler = Pooler.Avg }).Select(value => (double)value)]);
        Assert.Equal(8, model.Vector().Length);
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
        model.Merge("modules.json", """{"path": "0_Transformer"}""", entry: 0);
        Assert.Equal(before, model.Vector());
    }

    [Theory]
    [InlineData("[3].type: found \"sentence_transformers.models.LSTM\"", "Transformer", "Pooling", "Dense", "LSTM")]
    [InlineData("[2].type: found \"my.Dense\", expected a class of sent", "Transformer", "Pooling", "my.Dense")]
    [InlineData("[0].type: found \"sentence_transformers.models.BoW\"", "BoW", "Pooling")]
    [InlineData("[1].type: found \"sentence_transformers.models.Dense\"", "Transformer", "Dense", "Pooling")]
    [InlineData("[1].type: found \"sentence_transformers.models.WeightedLayer", "Transformer", "WeightedLayerPooling")]
    [InlineData("[2].type: found \"sentence_transformers.models.Pooling\"", "Transformer", "Pooling", "Pooling")]
    [InlineData("[2].type: found \"sentence_transformers.models.Transf", "Transformer", "Pooling", "Transformer")]
    [InlineData("[0].type: found \"sentence_transformers.models.Transformer\"", "Transformer")]
    public void Another_module_or_another_order_is_refused_by_its_place(string named, params string[] modules)
    {
        using SavedModel model = new();
        model.WritePooling("mean_tokens");
        model.WriteDense("2_Dense", Size, Size, Tanh);
        model.WriteModules(modules);
        Assert.Contains("modules.json: " + named, model.Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"path": "../2_Dense"}""", "[2].path: found \"../2_Dense\"")]
    [InlineData("""{"path": "/2_Dense"}""", "[2].path: found \"/2_Dense\"")]
    [InlineData("""{"path": "missing"}""", "missing/config.json: no such file")]
    [InlineData("""{"name": "1"}""", "[2].name: found \"1\"")]
    [InlineData("""{"type": "Dense"}""", "[2].type: found \"Dense\"")]
    public void A_module_entry_that_names_another_place_is_refused(string change, string named)
    {
        using SavedModel model = new();
        WriteDenseModel(model);
        model.Merge("modules.json", change, entry: 2);
        Assert.Contains(named, model.Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"in_features": 8}""", "in_features: found 8, expected 16")]
    [InlineData("""{"out_features": 24}""", "tensor 'linear.weight': found shape [16,16], expected [24,16]")]
    [InlineData("""{"out_features": 2000000000}""", "tensor 'linear.weight': found shape [16,16]")]
    [InlineData("""{"bias": false}""", "tensor 'linear.bias': expected only linear.weight")]
    [InlineData("""{"activation_function": "torch.nn.modules.activation.SiLU"}""", "activation_function: found")]
    [InlineData("""{"activation_function": "my.Tanh"}""", "activation_function: found \"my.Tanh\"")]
    [InlineData("""{"use_residual": true}""", "use_residual: found true")]
    [InlineData("""{"module_output_name": "projected"}""", "module_output_name: found \"projected\"")]
    [InlineData("""{"scale": 2}""", "scale: found 2, a key that is not known")]
    public void A_setting_of_Dense_that_is_not_done_is_refused(string change, string named)
    {
        using SavedModel model = new();
        WriteDenseModel(model);
        model.Vector();
        model.Merge("2_Dense/config.json", change);
        string message = model.Refusal();
        Assert.Contains("2_Dense", message, StringComparison.Ordinal);
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_Dense_that_are_missing_or_not_finite_are_named()
    {
        using SavedModel model = new();
        WriteDenseModel(model);
        double[] bias = new double[Size];
        bias[3] = double.PositiveInfinity;
        TensorOf("linear.bias", bias, Size);
        Assert.Contains("2_Dense/model.safetensors: tensor 'linear.bias'", model.Refusal(), StringComparison.Ordinal);
        model.WriteTensors("2_Dense");
        Assert.Contains("'linear.weight': found none", model.Refusal(), StringComparison.Ordinal);
        File.Move(model.In("2_Dense", "model.safetensors"), model.In("2_Dense", "pytorch_model.bin"));
        Assert.Contains("found pytorch_model.bin alone", model.Refusal(), StringComparison.Ordinal);

        void TensorOf(string name, double[] values, params int[] shape) => model.WriteTensors(
            "2_Dense",
            SentenceTransformersFiles.Tensor("linear.weight", new double[Size * Size], Size, Size),
            SentenceTransformersFiles.Tensor(name, values, shape));
    }

    [Theory]
    [InlineData("""{"pooling_mode": []}""", "pooling_mode: found []")]
    [InlineData("""{"pooling_mode": "median"}""", "pooling_mode: found \"median\"")]
    [InlineData("""{"pooling_mode": ["mean", "median"]}""", "pooling_mode: found [\"mean\",\"median\"]")]
    [InlineData("""{"pooling_mode_mean_tokens": false}""", "pooling_mode: found nothing")]
    [InlineData("""{"pooling_mode_mean_tokens": 1}""", "pooling_mode_mean_tokens: found 1")]
    [InlineData("""{"word_embedding_dimension": 32}""", "word_embedding_dimension: found 32, expected 16")]
    [InlineData("""{"embedding_dimension": 32}""", "embedding_dimension: found 32, expected 16")]
    public void A_setting_of_Pooling_that_is_not_done_is_refused(string change, string named)
    {
        using SavedModel model = new();
        model.WriteModules("Transformer", "Pooling");
        model.WritePooling("mean_tokens");
        model.Merge("1_Pooling/config.json", change);
        Assert.Contains("1_Pooling/config.json: " + named, model.Refusal(), StringComparison.Ordinal);
    }

    static void WriteDenseModel(SavedModel model)
    {
        model.WriteModules("Transformer", "Pooling", "Dense");
        model.WritePooling("cls_token");
        model.WriteDense("2_Dense", Size, Size, Tanh);
    }

    static void Check(SavedModel model, string device, Func<ModuleOracle, ModuleOracle> modules)
    {
        if (device == Backends.Cuda) Backends.RequireCuda();
        EncoderOptions options = new() { Device = new DeviceChoice(device, Precision: Core.ElementType.Float32) };
        using SentenceEncoder encoder = SentenceEncoder.Load(model.Folder, options);
        TokenVectors tokens = TokenVectors.Compute(model.Folder, encoder.Tokenize(Texts));
        double[] expected = modules(new ModuleOracle(tokens, Size, [])).Values;
        double[] actual = [.. encoder.Encode(Texts).SelectMany(vector => vector).Select(value => (double)value)];
        Close.Check(expected, actual, device);
    }
}
