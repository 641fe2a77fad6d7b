using System.Security.Cryptography;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>Where a run starts: a model folder, or a configuration with a vocabulary.</summary>
sealed record TrainingSource(BertConfig Config, string ConfigPath, string TokenizerPath, string? Weights)
{
    public static TrainingSource Read(TrainingJob job)
    {
        if (job.Model is not null)
        {
            ModelFolder folder = ModelFolder.Read(job.Model);
            return new TrainingSource(folder.Config, Path.Combine(folder.EncoderPath, "config.json"), folder.EncoderPath, folder.EncoderPath);
        }
        if (job.Config is null || job.Vocabulary is null) throw new UsageException("expected a model folder, or --from-scratch CONFIG.json with --vocabulary DIR");
        return new TrainingSource(BertConfig.Read(job.Config), job.Config, job.Vocabulary, null);
    }

    /// <summary>What evaluation and the saved folder use: training text alone is cut shorter.</summary>
    public int FullLength(BertTokenizer tokenizer) => Math.Min(Config.MaxPositions, tokenizer.ModelMaxLength ?? int.MaxValue);

    /// <summary>A digest of the configuration and the weights: a resumed run must have begun from the same ones.</summary>
    public string Digest()
    {
        using IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(File.ReadAllBytes(ConfigPath));
        if (Weights is not null)
        {
            using ModelTensors tensors = ModelTensors.Open(Weights);
            tensors.AddTo(digest);
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    public BertParameters Create(IBackend backend, TrainingOptions options, ElementType stored)
    {
        bool head = options.Pooler.HasHead;
        if (Weights is null) return BertParameters.Random(backend, Config, head, options.Seed, stored);
        using ModelTensors tensors = ModelTensors.Open(Weights);
        return BertParameters.Load(backend, Config, tensors, head, headSeed: head && !options.HeadFromCheckpoint ? options.Seed : null, stored);
    }

    /// <summary>pooler.dense as it was loaded, for a run that trains no head; nothing where there is none.</summary>
    public IReadOnlyList<TensorToWrite> UntrainedHead()
    {
        if (Weights is null) return [];
        ParameterTensor[] head = [.. new ParameterLayout(Config, head: true).Tensors.TakeLast(2)];
        using ModelTensors tensors = ModelTensors.Open(Weights);
        if (!head.All(tensor => tensors.Contains(tensor.Name))) return [];
        return [.. head.Select(tensor =>
        {
            float[] values = new float[tensor.Count];
            tensors.Read(tensor, values);
            return TensorToWrite.Floats(tensor.Name, tensor.Shape, () => values);
        })];
    }
}
