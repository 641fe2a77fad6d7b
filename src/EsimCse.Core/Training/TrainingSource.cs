using System.Security.Cryptography;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>The start of a run: a model folder, or a configuration and a tokenizer.</summary>
/// <param name="Config">The model's sizes.</param>
/// <param name="ConfigPath">The config.json they are from.</param>
/// <param name="TokenizerPath">The folder of the tokenizer.</param>
/// <param name="Weights">The folder of the weights; null to start from scratch.</param>
sealed record TrainingSource(BertConfig Config, string ConfigPath, string TokenizerPath, string? Weights)
{
    /// <summary>Whether text is lower-cased before the tokenizer reads it; the saved folder keeps that.</summary>
    public bool LowerCase { get; init; }

    /// <summary>Whether the masked-language head is trained too, and loaded where the weights have one.</summary>
    public bool TrainsMaskedLanguageHead { get; init; }

    /// <summary>Reads the configuration.</summary>
    /// <exception cref="InvalidInputException">A file is malformed.</exception>
    /// <exception cref="UsageException">The job names neither a model nor a configuration with a tokenizer.</exception>
    public static TrainingSource Read(TrainingJob job)
    {
        bool mlm = job.Options.MlmWeight > 0;
        if (job.Model is not null)
        {
            ModelFolder folder = ModelFolder.Read(job.Model);
            folder.Encoding.RequireNoPrompt("train");
            string encoder = folder.EncoderPath;
            string config = Path.Combine(encoder, "config.json");
            return new(folder.Config, config, encoder, encoder)
            {
                LowerCase = folder.LowerCase,
                TrainsMaskedLanguageHead = mlm,
            };
        }
        if (job.Config is null || job.Vocabulary is null)
            throw new UsageException("expected a model folder, or --from-scratch CONFIG.json with --vocabulary DIR");
        BertConfig scratch = BertConfig.Read(job.Config);
        return new(scratch, job.Config, job.Vocabulary, null) { TrainsMaskedLanguageHead = mlm };
    }

    /// <summary>
    /// Returns the length limit of evaluation and of the saved model; only training text is cut shorter.
    /// </summary>
    public int FullLength(BertTokenizer tokenizer) =>
        Math.Min(Config.MaxPositions, tokenizer.ModelMaxLength ?? int.MaxValue);

    /// <summary>Returns a digest of the configuration and the weights.</summary>
    public string Digest()
    {
        using IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(File.ReadAllBytes(ConfigPath));
        if (LowerCase) digest.AppendData("do_lower_case"u8);
        if (Weights is not null)
        {
            using ModelTensors tensors = Open(Weights);
            tensors.AddTo(digest);
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    /// <summary>Creates the parameters: loaded, or drawn at random.</summary>
    /// <exception cref="InvalidInputException">A tensor is missing or not valid.</exception>
    public BertParameters Create(IBackend backend, TrainingOptions options, ElementType stored)
    {
        bool head = options.Pooler.HasHead;
        bool mlm = TrainsMaskedLanguageHead;
        if (Weights is null)
            return BertParameters.Random(backend, Config, head, options.Seed, stored, maskedLanguageHead: mlm);
        ulong? headSeed = head && options.HeadInit == HeadInit.Random ? options.Seed : null;
        ulong? mlmSeed = mlm ? options.Seed : null;
        using ModelTensors tensors = Open(Weights);
        return BertParameters.Load(
            backend, Config, tensors, head, headSeed, stored, maskedLanguageSeed: mlmSeed);
    }

    /// <summary>
    /// Returns pooler.dense as stored, for a run that trains no head; nothing where the model has none. It is not used,
    /// and may hold numbers that are not finite.
    /// </summary>
    /// <exception cref="InvalidInputException">It is of another shape.</exception>
    public IReadOnlyList<TensorToWrite> UntrainedHead()
    {
        if (Weights is null) return [];
        ModuleNames names = Config.Family.Modules;
        ParameterLayout layout = new(Config, head: true);
        ParameterTensor[] head = [layout.ByName[names.HeadWeight], layout.ByName[names.HeadBias]];
        using ModelTensors tensors = ModelTensors.Open(Weights, Config.Family);
        if (!head.All(tensor => tensors.Contains(tensor.Name))) return [];
        List<TensorToWrite> read = [];
        foreach (ParameterTensor tensor in head)
        {
            (SafetensorsFile file, StoredTensor stored) = tensors.Find(tensor);
            float[] values = new float[stored.Count];
            file.ReadFloats(stored, values);
            read.Add(TensorToWrite.Floats(tensor.Name, tensor.Shape, () => values));
        }
        return read;
    }

    ModelTensors Open(string weights) => ModelTensors.Open(weights, Config.Family, TrainsMaskedLanguageHead);
}
