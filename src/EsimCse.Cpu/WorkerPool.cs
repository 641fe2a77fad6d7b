namespace EsimCse.Cpu;

/// <summary>
/// A fixed number of threads that share ranges of items. The partition depends on the number of items and threads only,
/// never on timing.
/// </summary>
sealed class WorkerPool : IDisposable
{
    readonly Thread[] _workers;
    readonly SemaphoreSlim[] _starts;
    readonly CountdownEvent _finished = new(1);
    readonly Lock _oneAtATime = new();
    Action<int, int>? _body;
    int _items;
    int _parts;
    volatile bool _stopping;

    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _starts = new SemaphoreSlim[threads - 1];
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            int part = i + 1;
            _starts[i] = new SemaphoreSlim(0);
            _workers[i] = new Thread(() => Work(part)) { IsBackground = true, Name = $"esimcse worker {part}" };
            _workers[i].Start();
        }
    }

    /// <summary>Number of threads, the calling one included.</summary>
    public int Threads { get; }

    /// <summary>
    /// Calls <paramref name="body"/> with ranges [from, to) that cover [0, items), one per thread, none smaller than
    /// <paramref name="grain"/>, and returns when all have finished. A result must not depend on the cut.
    /// </summary>
    public void For(int items, int grain, Action<int, int> body)
    {
        if (items == 0) return;
        int parts = Math.Clamp(items / grain, 1, Threads);
        lock (_oneAtATime)
        {
            if (parts == 1)
            {
                body(0, items);
                return;
            }
            _body = body;
            _items = items;
            _parts = parts;
            _finished.Reset(parts - 1);
            for (int i = 0; i < parts - 1; i++) _starts[i].Release();
            RunPart(0);
            _finished.Wait();
            _body = null;
        }
    }

    public void Dispose()
    {
        _stopping = true;
        foreach (SemaphoreSlim start in _starts) start.Release();
        foreach (Thread worker in _workers) worker.Join();
        foreach (SemaphoreSlim start in _starts) start.Dispose();
        _finished.Dispose();
    }

    void RunPart(int part)
    {
        int from = (int)((long)_items * part / _parts);
        int to = (int)((long)_items * (part + 1) / _parts);
        _body!(from, to);
    }

    void Work(int part)
    {
        while (true)
        {
            _starts[part - 1].Wait();
            if (_stopping) break;
            RunPart(part);
            _finished.Signal();
        }
        SignalStack.Restore();
    }
}
