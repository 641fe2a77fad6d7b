using EsimCse.Cpu;

namespace EsimCse.Tests;

/// <summary>The devices that every operation's tests run over.</summary>
static class Backends
{
    public static TheoryData<string> All => [.. Names];

    public static string[] Names => ["cpu-1", "cpu-3"];

    public static CpuBackend Create(string name) => new(name == "cpu-1" ? 1 : 3);
}
