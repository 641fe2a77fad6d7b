using EsimCse.Core;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;

namespace EsimCse.Cuda.Matmul;

/// <summary>Tunes the matrix products of a model: times cuBLASLt's algorithms once and saves the fastest.</summary>
static class MatmulTuning
{
    const int BatchSize = 64;
    const int SizesOnEachSide = 4;
    const int EmbeddingSentenceLength = 32;

    /// <summary>
    /// Tunes for training in bf16, with steps of about <paramref name="tokens"/> tokens, and for embedding in fp16.
    /// Returns a line for each product, then the path of the file.
    /// </summary>
    /// <param name="ordinal">The device, from 0.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="tokens">Tokens of a training step, both views together; at least 128.</param>
    /// <param name="cancellation">Stops before the next size; nothing is saved.</param>
    /// <exception cref="DeviceException">There is no such device.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IEnumerable<string> Run(
        int ordinal, BertConfig config, int tokens, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 2 * BatchSize);
        using CudaBackend cuda = CudaBackend.CreateForTuning(ordinal);
        TuneTraining(cuda, config, tokens, cancellation);
        TuneEmbedding(cuda, config, cancellation);
        return cuda.FinishTuning();
    }

    /// <summary>
    /// Times the products of training steps for every number of rows near <paramref name="tokens"/>, the momentum
    /// encoder's for those near half of it.
    /// </summary>
    internal static void TuneTraining(CudaBackend cuda, BertConfig config, int tokens, CancellationToken cancellation)
    {
        using BertParameters bert = BertParameters.Random(cuda, config, head: true, seed: 1, ElementType.BFloat16);
        using TrainingStep step = new(bert, new() { QueueSize = BatchSize }, int.MaxValue);
        for (int offset = -SizesOnEachSide; offset <= SizesOnEachSide; offset++)
        {
            cancellation.ThrowIfCancellationRequested();
            int size = tokens + offset * cuda.TokenPadding;
            size = Math.Clamp(size, 2 * BatchSize, 2 * BatchSize * config.MaxPositions);
            int[][] batch = RandomSentences(2 * BatchSize, size, config);
            step.Run(batch[..BatchSize], batch[BatchSize..]);
            step.Read();
        }
    }

    static void TuneEmbedding(CudaBackend cuda, BertConfig config, CancellationToken cancellation)
    {
        using BertParameters bert = BertParameters.Random(cuda, config, head: true, seed: 1, ElementType.Float16);
        using Embedder embedder = new(cuda, config, Pooler.Cls);
        int sentences = cuda.PreferredBatchTokens / Math.Min(EmbeddingSentenceLength, config.MaxPositions);
        embedder.Embed(bert.Weights, RandomSentences(sentences, cuda.PreferredBatchTokens, config), cancellation);
    }

    /// <summary>Returns sentences of random ids with <paramref name="tokens"/> tokens in all.</summary>
    static int[][] RandomSentences(int count, int tokens, BertConfig config)
    {
        Random random = new(1);
        int[][] sentences = new int[count][];
        for (int i = 0; i < count; i++)
        {
            int length = tokens / count + (i < tokens % count ? 1 : 0);
            sentences[i] = [.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabularySize))];
        }
        return sentences;
    }
}
