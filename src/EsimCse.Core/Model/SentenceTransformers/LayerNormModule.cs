using EsimCse.Core.Backend;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The LayerNorm module, with the ε of torch.nn.LayerNorm.</summary>
/// <param name="Folder">The path of its folder.</param>
/// <param name="Width">Elements of a vector.</param>
sealed record LayerNormModule(string Folder, int Width) : VectorModule(Width)
{
    const float Epsilon = 1e-5f;
    const string WidthKey = "dimension";

    /// <summary>The keys of all versions.</summary>
    public static SettingKeys Keys { get; } = new() { Honoured = [WidthKey], IsClosed = true };

    /// <summary>Reads the module's config.json for vectors of a width.</summary>
    /// <exception cref="InvalidInputException">It is missing, or the width is another.</exception>
    public static LayerNormModule Read(ModuleEntry module, int width)
    {
        JsonSettings settings = JsonSettings.Read(module.In("config.json"), Keys);
        if (settings.Integer(WidthKey, 1) == width) return new LayerNormModule(module.Folder, width);
        throw settings.Wrong(WidthKey, $"{width}, the width before it");
    }

    /// <inheritdoc/>
    public override VectorLayer Load(IBackend backend) => new Layer(backend, this);

    sealed class Layer : VectorLayer
    {
        readonly NormWeights _weights;

        public Layer(IBackend backend, LayerNormModule module) : base(backend, module.Width)
        {
            using ModuleTensors tensors = new(module.Folder, "norm.weight", "norm.bias");
            float[] gamma = tensors.Read("norm.weight", Width);
            float[] beta = tensors.Read("norm.bias", Width);
            Matrix[] uploaded = Upload((gamma, Width), (beta, Width));
            _weights = new NormWeights(uploaded[0], uploaded[1]);
        }

        public override void Forward(IBackend backend, Matrix x, Matrix y) => backend.LayerNormForward(
            x, default, default, default, default,
            _weights.Gamma, _weights.Beta, Epsilon,
            default, default, y);
    }
}
