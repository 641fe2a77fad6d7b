using EsimCse.Core;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;

namespace EsimCse.Cuda.Matmul;

/// <summary>Chooses the algorithms of a model's matrix products by time, once, and remembers them on disk.</summary>
public static class MatmulTuning
{
    const int Sentences = 64, BucketsAround = 4, EmbeddingTokens = 16384;

    /// <summary>Tunes for training in bf16 with steps of about so many tokens, both views together, and for embedding in fp16; a line for each product and the table's path last.</summary>
    /// <param name="ordinal">The device, counted from 0.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="tokens">Tokens of a training step, at least 128.</param>
    /// <param name="cancellation">Stops before the next size; nothing is kept.</param>
    /// <exception cref="DeviceException">There is no such device.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IEnumerable<string> Run(int ordinal, BertConfig config, int tokens, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 2 * Sentences);
        using CudaBackend cuda = CudaBackend.ToTune(ordinal);
        using (BertParameters bert = BertParameters.Random(cuda, config, head: true, seed: 1, ElementType.BFloat16))
        using (TrainingStep step = new(bert, new() { QueueSize = Sentences }, int.MaxValue))
            for (int bucket = -BucketsAround; bucket <= BucketsAround; bucket++)
            {
                cancellation.ThrowIfCancellationRequested();
                int all = Math.Clamp(tokens + bucket * cuda.TokenPadding, 2 * Sentences, 2 * Sentences * config.MaxPositions);
                int[][] batch = Batch(2 * Sentences, all, config);
                step.Run(batch[..Sentences], batch[Sentences..]);
                step.Read();
            }
        using (BertParameters bert = BertParameters.Random(cuda, config, head: true, seed: 1, ElementType.Float16))
        using (Embedder embedder = new(cuda, config, Pooler.Cls))
            embedder.Embed(bert.Weights, Batch(EmbeddingTokens / Math.Min(32, config.MaxPositions), EmbeddingTokens, config), cancellation);
        return cuda.FinishTuning();
    }

    /// <summary>So many sentences of random ids, so many tokens together.</summary>
    static int[][] Batch(int count, int tokens, BertConfig config)
    {
        Random random = new(1);
        return [.. Enumerable.Range(0, count).Select(i => (int[])[.. Enumerable.Range(0, tokens / count + (i < tokens % count ? 1 : 0)).Select(_ => random.Next(config.VocabularySize))])];
    }
}
