using System.Runtime.CompilerServices;
using EsimCse.Core;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cpu;

/// <summary>
/// Checks what <see cref="SignalStack"/> assumes of the runtime. A wrong assumption ends the process, or uses up its
/// mappings.
/// </summary>
public class SignalStackTests
{
    const int Times = 100;

    [Theory]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.BFloat16)]
    public void A_null_reference_after_a_product_is_an_exception(ElementType type) => RunInThread(() =>
    {
        using CpuBackend backend = new(1);
        using GuardedMatrix x = new(backend, 40, 70, Numbers.Normal(40 * 70, 1));
        using GuardedMatrix w = new(backend, 50, 70, Numbers.Normal(50 * 70, 2));
        using GuardedMatrix y = new(backend, 40, 50);
        using IDisposable frozen = backend.FreezeWeights([w.Matrix], type);
        for (int i = 0; i < Times; i++)
        {
            backend.LinearForward(x, w, default, y);
            Assert.Throws<NullReferenceException>(() => Length(null!));
        }
    });

    /// <summary>Counts mappings: each stack that is not freed leaves two.</summary>
    [Fact]
    public void Both_stacks_are_freed_with_their_thread()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "stacks for signals are enlarged on Linux only");
        const int threads = 1000;
        RunInThread(EnlargeAndRestore);
        int before = CountMappings();
        for (int i = 0; i < threads; i++) RunInThread(EnlargeAndRestore);
        // Other tests map memory meanwhile.
        Assert.InRange(CountMappings() - before, int.MinValue, threads / 2);
    }

    static void EnlargeAndRestore()
    {
        SignalStack.Enlarge();
        SignalStack.Enlarge();
        SignalStack.Restore();
    }

    static int CountMappings() => File.ReadLines("/proc/self/maps").Count();

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Length(string text) => text.Length;

    static void RunInThread(Action action)
    {
        Exception? failure = null;
        Thread thread = new(() => failure = Record.Exception(action));
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }
}
