using EsimCse.Core;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cuda;
using EsimCse.Cuda.Kernels;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>A model uses the kernels that were prepared for it, and no others.</summary>
[Collection("cuda")]
public class KernelVariantTests
{
    static readonly BertConfig Config = SmallModel.Config with { HiddenSize = 64, Heads = 1 };

    [Theory]
    [InlineData("layernorm_forward_bf16_v3", "layernorm", "bf16", "")]
    [InlineData("attention_queries_tiles64_f16", "attention", "f16", "64")]
    [InlineData("attention_forward_tiles32x48_bf16", "attention", "bf16", "32")]
    [InlineData("attention_forward_f32", "attention", "f32", "")]
    [InlineData("cast_f32_bf16", "cast", "bf16", "")]
    [InlineData("layernorm_reduce", "layernorm", "", "")]
    public void A_variant_is_that_of_the_kernels_name(string kernel, string operation, string type, string tiles) =>
        Assert.Equal(new KernelVariant(operation, type, tiles), KernelVariant.Of(kernel));

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Float32)]
    public void Embedding_uses_the_prepared_variants(ElementType type)
    {
        Backends.RequireCuda();
        using CudaBackend cuda = new();
        cuda.PrepareKernels(type, Config.HeadSize, training: false);
        using BertParameters bert = BertParameters.Random(cuda, Config, head: true, seed: 3, type);
        using Embedder embedder = new(cuda, Config, Pooler.Cls);
        embedder.Embed(bert.Weights, [[2, 5, 3]]);
        AssertUsed(cuda, KernelVariant.ForModel(type, Config.HeadSize, training: false));
    }

    [Theory]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float32)]
    public void Training_uses_the_prepared_variants(ElementType type)
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        string config = small.In("config.json");
        string text = File.ReadAllText(config);
        text = text.Replace("\"hidden_size\":16", "\"hidden_size\":64", StringComparison.Ordinal);
        text = text.Replace("\"num_attention_heads\":2", "\"num_attention_heads\":1", StringComparison.Ordinal);
        File.WriteAllText(config, text);
        using CudaBackend cuda = new();
        cuda.PrepareKernels(type, Config.HeadSize, training: true);
        TrainingJob job = small.Job("run");
        using Trainer trainer =
            Trainer.Open(job with { Options = job.Options with { MaxSteps = 2 } }, cuda, type);
        trainer.Run();
        AssertUsed(cuda, KernelVariant.ForModel(type, Config.HeadSize, training: true));
    }

    static void AssertUsed(CudaBackend cuda, IEnumerable<KernelVariant> prepared)
    {
        string[] expected = [.. prepared.Select(Describe)], used = [.. cuda.LoadedKernels.Select(Describe)];
        string waste = string.Join(' ', expected.Except(used)), late = string.Join(' ', used.Except(expected));
        Assert.Equal(("", ""), (waste, late));
    }

    static string Describe(KernelVariant variant) => $"{variant.Operation}:{variant.Type}{variant.Tiles}";
}
