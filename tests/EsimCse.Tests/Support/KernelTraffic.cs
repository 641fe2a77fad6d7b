namespace EsimCse.Tests.Support;

/// <summary>Bytes that launches of a kernel have moved: sectors of 32 bytes, each counted once a launch.</summary>
readonly record struct KernelTraffic(long Launches, long Read, long Written)
{
    public long Bytes => Read + Written;

    public static KernelTraffic operator +(KernelTraffic a, KernelTraffic b) =>
        new(a.Launches + b.Launches, a.Read + b.Read, a.Written + b.Written);

    public static KernelTraffic operator -(KernelTraffic a, KernelTraffic b) =>
        new(a.Launches - b.Launches, a.Read - b.Read, a.Written - b.Written);

    public static KernelTraffic operator /(KernelTraffic a, int divisor) =>
        new(a.Launches / divisor, a.Read / divisor, a.Written / divisor);

    public static KernelTraffic operator *(int factor, KernelTraffic a) =>
        new(factor * a.Launches, factor * a.Read, factor * a.Written);
}
