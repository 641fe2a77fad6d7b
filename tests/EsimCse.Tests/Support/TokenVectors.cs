using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cpu;

namespace EsimCse.Tests.Support;

/// <summary>The last layer's token vectors of sentences: the input of the modules after the encoder.</summary>
sealed record TokenVectors(double[] Values, int[] Offsets)
{
    public static TokenVectors Compute(string folder, IReadOnlyList<int[]> sentences)
    {
        BertConfig config = BertConfig.Read(Path.Combine(folder, "config.json"));
        using CpuBackend backend = new(1);
        using ModelTensors tensors = ModelTensors.Open(folder, config.Family);
        using BertParameters bert = BertParameters.Load(backend, config, tensors, head: false);
        using BatchMemory memory = new(backend);
        using Arena arena = new(backend);
        arena.Reset(1 << 24);
        PackedBatch batch = memory.Upload(sentences);
        BertActivations activations = new(arena, config, Pooler.Avg, batch, ElementType.Float32, false);
        new BertForward(backend, bert.Weights, activations, default, batchInvariant: true).Run();
        Matrix hidden = activations.Hidden[^1];
        float[] values = new float[hidden.Count];
        backend.Download(hidden, values.AsSpan());
        IEnumerable<int> starts =
            from s in Enumerable.Range(0, sentences.Count + 1)
            select sentences.Take(s).Sum(ids => ids.Length);
        return new TokenVectors([.. values.Select(value => (double)value)], [.. starts]);
    }
}
