using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCseNative;

namespace EsimCse.Tests.Support;

/// <summary>The folder of a small model that was trained and saved, for tests that change its files.</summary>
sealed class SavedModel : IDisposable
{
    readonly SmallModel _small = new();

    public SavedModel() => SmallModel.Train(_small.Job("run"));

    public string Folder => _small.In("run");

    public string In(params string[] parts) => _small.In(["run", .. parts]);

    public void Dispose() => _small.Dispose();

    /// <summary>Opens the folder and returns the vector of a sentence.</summary>
    public float[] Vector(EncoderOptions? options = null)
    {
        using SentenceEncoder encoder = OnCpu.Load(Folder, options);
        return encoder.Encode("the old CAT sees a bird");
    }

    /// <summary>Returns the message with which the folder is refused.</summary>
    public string Refusal(EncoderOptions? options = null)
    {
        string message = Assert.Throws<InvalidInputException>(() => Vector(options)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    public void Replace(string file, string from, string to)
    {
        string text = File.ReadAllText(In(file));
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(In(file), text.Replace(from, to, StringComparison.Ordinal));
    }

    /// <summary>Rewrites model.safetensors with other tensors.</summary>
    public void ChangeTensors(Func<List<TensorToWrite>, IEnumerable<TensorToWrite>> change) =>
        SafetensorsWriter.Write(In("model.safetensors"), [.. change(ReadTensors())], new Dictionary<string, string>());

    /// <summary>Reads model.safetensors into memory.</summary>
    public List<TensorToWrite> ReadTensors()
    {
        using SafetensorsFile file = SafetensorsFile.Open(In("model.safetensors"));
        List<TensorToWrite> tensors = [];
        foreach (StoredTensor tensor in file.Tensors.Values)
        {
            float[] values = new float[tensor.Count];
            file.ReadFloats(tensor, values);
            tensors.Add(TensorToWrite.Floats(tensor.Name, [.. tensor.Shape.Select(size => (int)size)], () => values));
        }
        return tensors;
    }
}
