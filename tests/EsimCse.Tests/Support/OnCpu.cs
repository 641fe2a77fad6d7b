using EsimCseNative;

namespace EsimCse.Tests.Support;

/// <summary>For tests of what does not depend on the device: auto would take the CUDA device, which may be the slow software one.</summary>
static class OnCpu
{
    public static DeviceChoice Device { get; } = new("cpu");

    public static SentenceEncoder Load(string path, EncoderOptions? options = null) => SentenceEncoder.Load(path, (options ?? new()) with { Device = Device });
}
