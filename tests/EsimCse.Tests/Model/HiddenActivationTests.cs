using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Model;

/// <summary>
/// Embedding and training with each hidden_act against the double reference. The weights are large enough that the
/// activation functions differ from each other and from straight lines.
/// </summary>
public sealed class HiddenActivationTests : IDisposable
{
    const double Temperature = 0.25;

    /// <summary>
    /// fp32 against double: a share of the norm of the vectors or of a tensor's gradient, and a fifth of what the two
    /// forms of GELU differ by.
    /// </summary>
    const double RelativeError = 1e-5;

    /// <summary>The gradient of attention.self.key.bias is zero, apart from rounding.</summary>
    const double AbsoluteError = 1e-6;

    static readonly int[][] Anchors = [[2, 5, 7, 3], [2, 9, 3], [2, 6, 5, 11, 8, 3]];
    static readonly int[][] Positives = [[2, 10, 4, 8, 3], [2, 7, 7, 3], [2, 9, 11, 6, 5, 3]];

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-test-").FullName;

    public static MatrixTheoryData<string, string, string> All => new(
        ["cpu-3", Backends.Cuda],
        ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"],
        ["avg", "cls_before_pooler"]);

    [Theory]
    [InlineData("\"hidden_act\":\"gelu\",", Activation.Gelu)]
    [InlineData("\"hidden_act\":\"gelu_new\",", Activation.GeluTanh)]
    [InlineData("\"hidden_act\":\"gelu_pytorch_tanh\",", Activation.GeluTanh)]
    [InlineData("\"hidden_act\":\"relu\",", Activation.Relu)]
    [InlineData("", Activation.Gelu)]
    public void Names_are_those_of_Hugging_Face(string entry, Activation expected) =>
        Assert.Equal(expected, ReadConfig(entry).HiddenActivation);

    [Theory]
    [MemberData(nameof(All))]
    public void Vectors_and_gradients_equal_the_double_reference(string device, string name, string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        bool mean = poolerName == "avg";
        using IBackend backend = Backends.Create(device);
        using BertParameters bert = BertParameters.Random(backend, ReadConfig($"\"hidden_act\":\"{name}\","), false, 3);
        Dictionary<string, double[]> weights = DrawWeights(bert);
        ReferenceBert reference = new(bert.Config, weights);
        using Embedder embedder = new(backend, bert.Config, pooler);
        float[] vectors = embedder.Embed(bert.Weights, Anchors);
        CheckNorm("vectors", reference.Vectors(Anchors, mean), vectors);

        TrainingOptions options = new()
        {
            Pooler = pooler,
            Dropout = 0,
            QueueSize = 0,
            Temperature = (float)Temperature,
        };
        using TrainingStep step = new(bert, options, 1);
        step.Run(Anchors, Positives);
        double loss = reference.Loss([Anchors, Positives], mean, Temperature);
        Assert.Equal(1, step.Read().Loss / loss, RelativeError);
        foreach (ParameterTensor tensor in bert.Layout.Tensors)
        {
            float[] gradient = new float[tensor.Count];
            backend.Download(tensor.In(step.Gradients.Arena), gradient.AsSpan());
            CheckNorm(tensor.Name, Gradient(reference, weights[tensor.Name], mean), gradient);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    BertConfig ReadConfig(string entry)
    {
        string path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, $$"""
            {
              "model_type":"bert",
              {{entry}}
              "vocab_size":12,
              "hidden_size":8,
              "num_hidden_layers":2,
              "num_attention_heads":1,
              "intermediate_size":16,
              "max_position_embeddings":8
            }
            """);
        return BertConfig.Read(path);
    }

    /// <summary>Draws all weights, gains around 1, sets them on the device and returns them by name.</summary>
    static Dictionary<string, double[]> DrawWeights(BertParameters bert)
    {
        Dictionary<string, double[]> weights = [];
        foreach ((int index, ParameterTensor tensor) in bert.Layout.Tensors.Index())
        {
            float mean = tensor.IsGain ? 1 : 0;
            double[] drawn = Numbers.Normal((int)tensor.Count, index, 0.5);
            float[] values = [.. drawn.Select(value => mean + (float)value)];
            bert.Set(tensor, values);
            weights.Add(tensor.Name, [.. values.Select(value => (double)value)]);
        }
        return weights;
    }

    /// <summary>Computes the gradient of the loss with respect to a tensor by central differences.</summary>
    static double[] Gradient(ReferenceBert reference, double[] tensor, bool mean) =>
        FiniteDifference.Gradient([.. tensor], [1], moved =>
        {
            double[] initial = [.. tensor];
            moved.CopyTo(tensor, 0);
            double loss = reference.Loss([Anchors, Positives], mean, Temperature);
            initial.CopyTo(tensor, 0);
            return [loss];
        });

    static void CheckNorm(string name, double[] expected, float[] actual)
    {
        double error = Norm(expected.Zip(actual, (e, a) => a - e));
        double limit = RelativeError * Norm(expected) + AbsoluteError;
        Assert.True(error <= limit, $"{name}: error {error}, expected at most {limit}");
    }

    static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));
}
