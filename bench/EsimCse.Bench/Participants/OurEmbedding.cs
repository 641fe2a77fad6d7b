using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Peers;
using EsimCseNative;

namespace EsimCse.Bench.Participants;

/// <summary>Embedding as users of the library do it: sentences in, vectors out, not normalized.</summary>
sealed class OurEmbedding : IParticipant
{
    readonly SentenceEncoder _encoder;
    readonly string[] _text;

    public OurEmbedding(string model, string text, int maxLength, int threads, string precision)
    {
        EncoderOptions options = new()
        {
            Device = new DeviceChoice("cpu", threads, ElementTypes.FromName(precision)),
            MaxLength = maxLength,
            Normalize = false,
        };
        _encoder = SentenceEncoder.Load(model, options);
        _text = File.ReadAllLines(text);
    }

    public string Settings => "as they come";

    /// <summary>Returns the reason why embedding on the CPU has no such precision; null where it has.</summary>
    public static string? WhyUnsupported(string precision)
    {
        try
        {
            new DeviceChoice("cpu", Precision: ElementTypes.FromName(precision)).Require();
            return null;
        }
        catch (UsageException exception)
        {
            return exception.Message;
        }
    }

    public void Run() => _encoder.Encode(_text);

    public void Check(string input, string output)
    {
        using FileStream file = File.Create(output);
        foreach (float[] vector in _encoder.Encode(File.ReadAllLines(input)))
            file.Write(MemoryMarshal.AsBytes<float>(vector));
    }

    public void Dispose() => _encoder.Dispose();
}
