using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>The device memory of a run that outlives a step, carved from one arena: all but the weights.</summary>
sealed class PersistentBuffers
{
    public PersistentBuffers(Arena arena, BertParameters bert, int queueSize)
    {
        int length = checked((int)bert.Layout.Length);
        int[] chunks = bert.Layout.Chunks();
        Gradients = new(bert.Config, bert.Layout, arena.Allocate(1, length));
        M = arena.Allocate(1, length);
        V = arena.Allocate(1, length);
        if (queueSize > 0)
        {
            Matrix ema = arena.Allocate(1, length);
            bool isLowPrecision = bert.Weights.Type != ElementType.Float32;
            Matrix bf16Ema = isLowPrecision ? arena.Allocate(1, length, bert.Weights.Type) : default;
            Ema = new(bert.Config, bert.Layout, ema, bf16Ema);
            Queue = arena.Allocate(queueSize, bert.Config.HiddenSize);
        }
        Chunks = arena.Allocate(chunks.Length / ParameterChunk.Columns, ParameterChunk.Columns, ElementType.Int32);
        Partials = arena.Allocate(1, Chunks.Rows);
        if (!bert.Layout.HasMaskedLanguageHead) TouchedWords = AllocateTouchedWords(arena, bert);
        StepNumbers = arena.Allocate(2, StepState.Length, ElementType.Int32);
    }

    /// <summary>The gradients of the last step, before clipping.</summary>
    public BertWeights Gradients { get; }

    /// <summary>[1,N]: AdamW's first moments.</summary>
    public Matrix M { get; }

    /// <summary>[1,N]: AdamW's second moments.</summary>
    public Matrix V { get; }

    /// <summary>The momentum encoder's weights, an exponential moving average; null without a queue.</summary>
    public BertWeights? Ema { get; }

    /// <summary>[Q,H]: the queue of negatives; absent without one.</summary>
    public Matrix Queue { get; }

    /// <summary>Int32 [C,3]: the table of <see cref="IBackend.AdamWUpdate"/>.</summary>
    public Matrix Chunks { get; }

    /// <summary>[1,C]: scratch of <see cref="IBackend.GradientNorm"/>.</summary>
    public Matrix Partials { get; }

    /// <summary>
    /// The rows of the words' gradient that the step has added to; absent with a masked-language head, whose matrix
    /// they are, so that all have a gradient.
    /// </summary>
    public TouchedRows TouchedWords { get; }

    /// <summary>Int32 [2,5]: the counters, and the bits of the scalars.</summary>
    public Matrix StepNumbers { get; }

    public StepState StepState =>
        new(StepNumbers.Slice(0, 1), StepNumbers.Slice(1, 1) with { Type = ElementType.Float32 });

    /// <summary>Writes the first values: the chunks, and zeros everywhere else but in the momentum encoder.</summary>
    public void Initialize(BertParameters bert)
    {
        IBackend backend = bert.Backend;
        float[] zeros = new float[M.Columns];
        backend.Upload<float>(zeros, M);
        backend.Upload<float>(zeros, V);
        backend.Upload<float>(zeros, Gradients.Arena);
        backend.Upload<int>(bert.Layout.Chunks(), Chunks);
        backend.Upload<int>(new int[StepNumbers.Count], StepNumbers);
        Matrix touched = TouchedWords.Flags;
        if (touched.IsPresent) backend.Upload<int>(new int[touched.Count], touched);
        if (Queue.IsPresent) backend.Upload<float>(new float[Queue.Count], Queue);
    }

    static TouchedRows AllocateTouchedWords(Arena arena, BertParameters bert)
    {
        ParameterTensor words = bert.Layout.ByName[bert.Config.Family.Modules.WordEmbeddings + ".weight"];
        return new(arena.Allocate(1, words.Rows, ElementType.Int32), checked((int)words.Offset), words.Columns);
    }
}
