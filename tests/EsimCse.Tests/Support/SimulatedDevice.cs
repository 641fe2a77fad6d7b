using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cpu;

namespace EsimCse.Tests.Support;

/// <summary>
/// A device whose operations take fixed times of a clock of its own: the host queues them and goes on, and waits only
/// where it asks for a result. The CPU computes the results at once.
/// </summary>
sealed partial class SimulatedDevice(int preferredBatchTokens = 2048) : IBackend
{
    /// <summary>The device's time for an operation, of which the host's is a small part.</summary>
    public const double OperationTime = 1, LaunchTime = OperationTime / 50;

    readonly CpuBackend _cpu = new(1);

    /// <summary>The device's time to send a byte to the host or to receive one.</summary>
    public double TimePerByte { get; init; } = OperationTime / 2000;

    /// <summary>The largest allocation that succeeds, in bytes.</summary>
    public long LargestAllocation { get; init; } = long.MaxValue;

    /// <summary>Called on the reading thread before each background read.</summary>
    public Action BeforeBackgroundRead { get; set; } = () => { };

    /// <summary>The time at which the host is.</summary>
    public double HostTime { get; private set; }

    /// <summary>The time at which the device will have done all queued work.</summary>
    public double DeviceTime { get; private set; }

    /// <summary>The longest time for which the device had nothing to do between two operations.</summary>
    public double LongestGap { get; set; }

    public string Name => "a simulated device";

    public string MatmulTuningHash => "";

    public bool RunsAsynchronously => true;

    public int PreferredBatchTokens => preferredBatchTokens;

    public int TokenPadding => 1;

    /// <summary>Lets the host's time pass.</summary>
    public void SpendHostTime(double time) => HostTime += time;

    public void RunGraph(GraphKey key, Action work) => work();

    public void RunOnSideStream(Action work) => work();

    public void WaitForSideStream() { }

    public bool SupportsDataType(ElementType type) => _cpu.SupportsDataType(type);

    public nint Allocate(long bytes)
    {
        if (bytes > LargestAllocation) throw new DeviceMemoryException($"{bytes} bytes, expected fewer");
        return _cpu.Allocate(bytes);
    }

    public void Free(nint address) => _cpu.Free(address);

    public void Upload<T>(ReadOnlySpan<T> source, Matrix target) where T : unmanaged
    {
        _cpu.Upload(source, target);
        Queue(TimePerByte * target.Bytes, () => { });
    }

    public void Download<T>(Matrix source, Span<T> target) where T : unmanaged
    {
        _cpu.Download(source, target);
        Queue(TimePerByte * source.Bytes, () => { });
        HostTime = DeviceTime;
    }

    public IHostCopy CreateHostCopy(int bytes) => new HostCopy(this, _cpu.CreateHostCopy(bytes));

    public IBackgroundReader CreateBackgroundReader() => new BackgroundReader(this, _cpu.CreateBackgroundReader());

    public void Copy(Matrix source, Matrix target) => Queue(OperationTime, () => _cpu.Copy(source, target));

    public void Dispose() => _cpu.Dispose();

    void Queue(double time, Action operation)
    {
        operation();
        HostTime += LaunchTime;
        double start = Math.Max(HostTime, DeviceTime);
        if (DeviceTime > 0) LongestGap = Math.Max(LongestGap, start - DeviceTime);
        DeviceTime = start + time;
    }

    sealed class HostCopy(SimulatedDevice device, IHostCopy copy) : IHostCopy
    {
        double _end;

        public bool IsCompleted => _end <= device.HostTime;

        public void Begin(Matrix source)
        {
            device.Queue(device.TimePerByte * source.Bytes, () => copy.Begin(source));
            _end = device.DeviceTime;
        }

        public void Wait<T>(Span<T> target) where T : unmanaged
        {
            device.HostTime = Math.Max(device.HostTime, _end);
            copy.Wait(target);
        }

        public void Dispose() => copy.Dispose();
    }

    sealed class BackgroundReader(SimulatedDevice device, IBackgroundReader reader) : IBackgroundReader
    {
        public void Mark() => reader.Mark();

        public void Read<T>(Matrix source, Span<T> target) where T : unmanaged
        {
            device.BeforeBackgroundRead();
            reader.Read(source, target);
        }

        public void Dispose() => reader.Dispose();
    }
}
