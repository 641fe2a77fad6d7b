using EsimCse.Core.Backend;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The Normalize module: each vector divided by its norm. It is computed on the host.</summary>
/// <param name="Width">Elements of a vector.</param>
sealed record NormalizeModule(int Width) : VectorModule(Width)
{
    const double SmallestNorm = 1e-12;

    static readonly string[] SentenceEmbedding = ["\"sentence_embedding\""];

    /// <summary>The keys of version 6; the other versions have no file.</summary>
    public static SettingKeys Keys { get; } = new()
    {
        Honoured = [],
        Refused = new Dictionary<string, string[]>
        {
            ["module_input_name"] = SentenceEmbedding,
            ["module_output_name"] = SentenceEmbedding,
        },
        IsClosed = true,
    };

    /// <summary>Reads the module's config.json, which may be missing, for vectors of a width.</summary>
    /// <exception cref="InvalidInputException">A setting is not supported.</exception>
    public static NormalizeModule Read(ModuleEntry module, int width)
    {
        JsonSettings.ReadOptional(module.In("config.json"), Keys);
        return new NormalizeModule(width);
    }

    /// <summary>Divides a vector by its norm, clamped below at 1e-12.</summary>
    public static void Normalize(Span<float> vector) => Normalize(vector, SumOfSquares(vector));

    /// <summary>Divides a vector by its norm, of which the square is known.</summary>
    public static void Normalize(Span<float> vector, double squares)
    {
        float scale = (float)(1 / Math.Max(Math.Sqrt(squares), SmallestNorm));
        foreach (ref float value in vector) value *= scale;
    }

    /// <summary>Computes ‖vector‖² in double precision.</summary>
    public static double SumOfSquares(ReadOnlySpan<float> vector)
    {
        double squares = 0;
        foreach (float value in vector) squares += (double)value * value;
        return squares;
    }

    /// <inheritdoc/>
    public override VectorLayer Load(IBackend backend) => new Layer(backend, Width);

    sealed class Layer(IBackend backend, int width) : VectorLayer(backend, width)
    {
        public override void Forward(IBackend backend, Matrix x, Matrix y)
        {
            float[] vectors = new float[x.Count];
            backend.Download(x, vectors.AsSpan());
            for (int row = 0; row < x.Rows; row++) Normalize(vectors.AsSpan(row * Width, Width));
            backend.Upload<float>(vectors, y);
        }
    }
}
