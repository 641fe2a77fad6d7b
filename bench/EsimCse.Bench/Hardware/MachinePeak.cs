using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Bench.Hardware;

/// <summary>The speeds that this machine reaches at most, measured.</summary>
/// <param name="Threads">Threads in use.</param>
/// <param name="GigaFlops">Floating-point operations of fused multiply-adds in registers, 10⁹/s.</param>
/// <param name="CopyGigabytes">Bytes read and written by copies of a large memory, 10⁹/s.</param>
readonly record struct MachinePeak(int Threads, double GigaFlops, double CopyGigabytes)
{
    const int Repetitions = 5;
    const long Iterations = 4_000_000;

    /// <summary>Independent sums, enough to hide the latency of a fused multiply-add.</summary>
    const int Chains = 12;

    const int CopyBytes = 128 << 20;

    /// <summary>Measures with a number of threads; the best of several repetitions.</summary>
    public static MachinePeak Measure(int threads)
    {
        double flops = 0;
        double bytes = 0;
        byte[][] sources = [.. Enumerable.Range(0, threads).Select(_ => Filled(CopyBytes / threads))];
        byte[][] targets = [.. sources.Select(source => source.ToArray())];
        for (int i = 0; i < Repetitions; i++)
        {
            double done = 2.0 * Chains * Lanes * Iterations * threads;
            flops = Math.Max(flops, done / Seconds(threads, _ => Multiply()));
            double seconds = Seconds(threads, thread => Buffer.BlockCopy(
                sources[thread], 0, targets[thread], 0, sources[thread].Length));
            bytes = Math.Max(bytes, 2.0 * threads * sources[0].Length / seconds);
        }
        return new MachinePeak(threads, flops / 1e9, bytes / 1e9);
    }

    /// <summary>Returns the better of two measurements.</summary>
    public MachinePeak Max(MachinePeak other) => this with
    {
        GigaFlops = Math.Max(GigaFlops, other.GigaFlops),
        CopyGigabytes = Math.Max(CopyGigabytes, other.CopyGigabytes),
    };

    static int Lanes => Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256OrLess;

    static int Vector256OrLess =>
        Vector256.IsHardwareAccelerated ? Vector256<float>.Count : Vector128<float>.Count;

    static byte[] Filled(int bytes)
    {
        byte[] memory = GC.AllocateUninitializedArray<byte>(bytes);
        memory.AsSpan().Fill(1);
        return memory;
    }

    /// <summary>Returns the seconds from the common start of threads to the end of the last.</summary>
    static double Seconds(int threads, Action<int> work)
    {
        using Barrier barrier = new(threads + 1);
        Thread[] started = [.. Enumerable.Range(0, threads).Select(thread => new Thread(() =>
        {
            barrier.SignalAndWait();
            work(thread);
        }))];
        foreach (Thread thread in started) thread.Start();
        barrier.SignalAndWait();
        long start = Stopwatch.GetTimestamp();
        foreach (Thread thread in started) thread.Join();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static void Multiply()
    {
        if (Vector512.IsHardwareAccelerated) Multiply(Vector512.Create(0.5f), Vector512.Create(0.25f));
        else if (Vector256.IsHardwareAccelerated) Multiply(Vector256.Create(0.5f), Vector256.Create(0.25f));
        else Multiply(Vector128.Create(0.5f), Vector128.Create(0.25f));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Multiply(Vector512<float> x, Vector512<float> y)
    {
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (long n = 0; n < Iterations; n++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }
        Keep(Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Multiply(Vector256<float> x, Vector256<float> y)
    {
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (long n = 0; n < Iterations; n++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
            i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y);
            k = Vector256.FusedMultiplyAdd(k, x, y);
            l = Vector256.FusedMultiplyAdd(l, x, y);
        }
        Keep(Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Multiply(Vector128<float> x, Vector128<float> y)
    {
        Vector128<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (long n = 0; n < Iterations; n++)
        {
            a = Vector128.FusedMultiplyAdd(a, x, y);
            b = Vector128.FusedMultiplyAdd(b, x, y);
            c = Vector128.FusedMultiplyAdd(c, x, y);
            d = Vector128.FusedMultiplyAdd(d, x, y);
            e = Vector128.FusedMultiplyAdd(e, x, y);
            f = Vector128.FusedMultiplyAdd(f, x, y);
            g = Vector128.FusedMultiplyAdd(g, x, y);
            h = Vector128.FusedMultiplyAdd(h, x, y);
            i = Vector128.FusedMultiplyAdd(i, x, y);
            j = Vector128.FusedMultiplyAdd(j, x, y);
            k = Vector128.FusedMultiplyAdd(k, x, y);
            l = Vector128.FusedMultiplyAdd(l, x, y);
        }
        Keep(Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l));
    }

    /// <summary>Uses a result, so that its computation is not removed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Keep(float value)
    {
        if (float.IsNaN(value)) throw new InvalidOperationException("a sum of finite numbers is not a number");
    }
}
