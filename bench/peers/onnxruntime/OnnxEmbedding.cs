using Microsoft.ML.OnnxRuntime;

namespace EsimCse.Peers.OnnxRuntime;

/// <summary>Embedding in ONNX Runtime: mean over the tokens, not normalized.</summary>
sealed class OnnxEmbedding : PaddedEmbedding
{
    readonly InferenceSession _session;
    readonly RunOptions _options = new();

    public OnnxEmbedding(string model, string text, int maxLength, int threads, bool int8)
        : base(model, text, maxLength)
    {
        using SessionOptions options = new()
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        _session = new InferenceSession(BertGraph.Write(model, int8), options);
        ChooseBatchSize();
    }

    protected override float[] Embed(PaddedBatch batch)
    {
        long[] shape = [batch.Rows.Length, batch.Columns];
        using OrtValue ids = OrtValue.CreateTensorValueFromMemory(batch.Ids, shape);
        using OrtValue mask = OrtValue.CreateTensorValueFromMemory(batch.Mask, shape);
        Dictionary<string, OrtValue> inputs = new() { [BertGraph.Ids] = ids, [BertGraph.Mask] = mask };
        using var outputs = _session.Run(_options, inputs, [BertGraph.Vectors]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    protected override void Dispose(bool disposing)
    {
        _session.Dispose();
        _options.Dispose();
    }
}
