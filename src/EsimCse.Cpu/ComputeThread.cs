using System.Runtime.ExceptionServices;

namespace EsimCse.Cpu;

/// <summary>A thread that does one piece of work at a time for those that call it, which wait for it.</summary>
sealed class ComputeThread : IDisposable
{
    readonly Thread _thread;
    readonly SemaphoreSlim _start = new(0);
    readonly SemaphoreSlim _end = new(0);
    readonly Lock _oneAtATime = new();
    Action? _work;
    ExceptionDispatchInfo? _failure;

    public ComputeThread()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "esimcse computation" };
        _thread.Start();
    }

    /// <summary>Does work on the thread, and returns when it has ended. Its exception is the caller's.</summary>
    public void Run(Action work)
    {
        if (Thread.CurrentThread == _thread)
        {
            work();
            return;
        }
        lock (_oneAtATime)
        {
            _work = work;
            _failure = null;
            _start.Release();
            _end.Wait();
            _failure?.Throw();
        }
    }

    public void Dispose()
    {
        lock (_oneAtATime)
        {
            _work = null;
            _start.Release();
        }
        _thread.Join();
        _start.Dispose();
        _end.Dispose();
    }

    void Work()
    {
        while (true)
        {
            _start.Wait();
            if (_work is null) break;
            try
            {
                _work();
            }
            catch (Exception failure)
            {
                _failure = ExceptionDispatchInfo.Capture(failure);
            }
            _end.Release();
        }
        SignalStack.Restore();
    }
}
