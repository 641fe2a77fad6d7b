using EsimCse.Core.Backend;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The Dense module: activation(W x + b).</summary>
/// <param name="Folder">The path of its folder.</param>
/// <param name="InputWidth">Elements of a vector that it reads.</param>
/// <param name="OutputWidth">Elements of a vector that it returns.</param>
/// <param name="HasBias">Whether there is a b.</param>
/// <param name="Activation">The activation function; null for the identity.</param>
sealed record DenseModule(string Folder, int InputWidth, int OutputWidth, bool HasBias, Activation? Activation)
    : VectorModule(OutputWidth)
{
    const string InputKey = "in_features";
    const string OutputKey = "out_features";
    const string BiasKey = "bias";
    const string ActivationKey = "activation_function";
    const string WeightName = "linear.weight", BiasName = "linear.bias";

    static readonly string[] SentenceEmbedding = ["\"sentence_embedding\""];

    /// <summary>The activation functions by class name in torch.nn; GELU's default is the exact form.</summary>
    static readonly Dictionary<string, Activation?> Activations = new()
    {
        ["Tanh"] = Backend.Activation.Tanh,
        ["Identity"] = null,
        ["GELU"] = Backend.Activation.Gelu,
        ["ReLU"] = Backend.Activation.Relu,
        ["Sigmoid"] = Backend.Activation.Sigmoid,
    };

    /// <summary>The keys of all versions.</summary>
    public static SettingKeys Keys { get; } = new()
    {
        Honoured = [InputKey, OutputKey, BiasKey, ActivationKey],
        Refused = new Dictionary<string, string[]>
        {
            ["module_input_name"] = SentenceEmbedding,
            ["module_output_name"] = SentenceEmbedding,
            ["use_residual"] = ["false"],
        },
        IsClosed = true,
    };

    /// <summary>Whether it computes the same as pooler.dense and tanh.</summary>
    public bool IsHead => OutputWidth == InputWidth && HasBias && Activation == Backend.Activation.Tanh;

    /// <summary>Reads the module's config.json for vectors of a width.</summary>
    /// <exception cref="InvalidInputException">It is missing, or a setting is not supported.</exception>
    public static DenseModule Read(ModuleEntry module, int width)
    {
        JsonSettings settings = JsonSettings.Read(module.In("config.json"), Keys);
        if (settings.Integer(InputKey, 1) != width) throw settings.Wrong(InputKey, $"{width}, the width before it");
        int output = settings.RequiredInteger(OutputKey, 1);
        bool hasBias = settings.Flag(BiasKey) ?? true;
        return new DenseModule(module.Folder, width, output, hasBias, ReadActivation(settings));
    }

    /// <summary>Reads W [OutputWidth,InputWidth] and b [OutputWidth]; b is null where there is none.</summary>
    /// <exception cref="InvalidInputException">A tensor is missing or not valid.</exception>
    public (float[] Weight, float[]? Bias) ReadWeights()
    {
        string[] names = HasBias ? [WeightName, BiasName] : [WeightName];
        using ModuleTensors tensors = new(Folder, names);
        float[] weight = tensors.Read(WeightName, OutputWidth, InputWidth);
        return (weight, HasBias ? tensors.Read(BiasName, OutputWidth) : null);
    }

    /// <inheritdoc/>
    public override VectorLayer Load(IBackend backend) => new Layer(backend, this);

    static Activation? ReadActivation(JsonSettings settings)
    {
        string name = settings.Text(ActivationKey) ?? "torch.nn.modules.activation.Tanh";
        string expected = $"torch.nn.modules.activation.X, X one of {string.Join(", ", Activations.Keys)}";
        bool isTorch = name.StartsWith("torch.nn.", StringComparison.Ordinal);
        return isTorch && Activations.TryGetValue(name.Split('.')[^1], out Activation? activation)
            ? activation
            : throw settings.Wrong(ActivationKey, expected);
    }

    sealed class Layer : VectorLayer
    {
        readonly Activation? _activation;
        readonly LinearWeights _weights;

        public Layer(IBackend backend, DenseModule module) : base(backend, module.Width)
        {
            _activation = module.Activation;
            (float[] weight, float[]? bias) = module.ReadWeights();
            Matrix[] uploaded = bias is null
                ? Upload((weight, module.InputWidth))
                : Upload((weight, module.InputWidth), (bias, module.OutputWidth));
            _weights = new LinearWeights(uploaded[0], bias is null ? default : uploaded[1]);
        }

        public override void Forward(IBackend backend, Matrix x, Matrix y)
        {
            backend.LinearForward(x, _weights.Weight, _weights.Bias, y);
            if (_activation is { } activation) backend.ActivationForward(y, activation, y);
        }
    }
}
