using EsimCse.Core.Files;
using EsimCse.Core.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace EsimCse.Peers.TorchSharp;

/// <summary>Embedding in libtorch: mean over the tokens, not normalized.</summary>
sealed class TorchEmbedding : PaddedEmbedding
{
    readonly Dictionary<string, Tensor> _parameters = [];
    readonly TorchBert _encoder;

    public TorchEmbedding(string model, string text, int maxLength, ScalarType type) : base(model, text, maxLength)
    {
        BertConfig config = BertConfig.Read(Path.Combine(model, "config.json"));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(model, "model.safetensors"));
        foreach (ParameterTensor parameter in new ParameterLayout(config, head: false).Tensors)
        {
            float[] values = new float[parameter.Count];
            file.ReadFloats(file.Tensors[parameter.Name], values);
            long[] shape = [.. parameter.Shape.Select(size => (long)size)];
            _parameters[parameter.Name] = tensor(values).reshape(shape).to(type);
        }
        _encoder = new TorchBert(config, _parameters) { Type = type };
        ChooseBatchSize();
    }

    protected override float[] Embed(PaddedBatch batch)
    {
        using var noGradient = inference_mode();
        using DisposeScope scope = NewDisposeScope();
        long[] shape = [batch.Rows.Length, batch.Columns];
        Tensor ids = tensor(batch.Ids).view(shape);
        Tensor mask = tensor(batch.Mask).view(shape);
        Tensor x = _encoder.Encode(ids, batch.IsPadded ? mask.to(ScalarType.Bool) : null, TorchDropout.None);
        Tensor weights = mask.to(ScalarType.Float32).unsqueeze(2);
        Tensor mean = (x.to(ScalarType.Float32) * weights).sum(1) / weights.sum(1);
        return mean.contiguous().data<float>().ToArray();
    }

    protected override void Dispose(bool disposing)
    {
        foreach (Tensor parameter in _parameters.Values) parameter.Dispose();
    }
}
