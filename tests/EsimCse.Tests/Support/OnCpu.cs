using EsimCseNative;

namespace EsimCse.Tests.Support;

/// <summary>The CPU, for tests that do not depend on the device: `auto` could choose the slow SoftCuda.</summary>
static class OnCpu
{
    public static DeviceChoice Device { get; } = new("cpu");

    public static SentenceEncoder Load(string path, EncoderOptions? options = null) =>
        SentenceEncoder.Load(path, (options ?? new()) with { Device = Device });
}
