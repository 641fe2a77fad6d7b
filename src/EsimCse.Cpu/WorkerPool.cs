namespace EsimCse.Cpu;

/// <summary>Work on a range of items, which may be cut anywhere: what an item gets does not depend on the cut.</summary>
interface IRangeBody
{
    void Run(int from, int to);
}

/// <summary>
/// A fixed team of threads that share a range of items, without allocating: the body is a struct on the caller's stack, and the
/// call returns when all have finished. The cut is by number of items alone, so that results never depend on timing.
/// </summary>
sealed unsafe class WorkerPool : IDisposable
{
    readonly Thread[] _workers;
    readonly SemaphoreSlim[] _starts;
    readonly CountdownEvent _finished = new(1);
    readonly Lock _oneAtATime = new();
    delegate*<void*, int, int, void> _invoke;
    void* _body;
    int _items, _parts;
    volatile bool _stopping;

    public WorkerPool(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _starts = new SemaphoreSlim[count - 1];
        _workers = new Thread[count - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            int part = i + 1;
            _starts[i] = new SemaphoreSlim(0);
            _workers[i] = new Thread(() => Work(part)) { IsBackground = true, Name = $"esimcse core {part}" };
            _workers[i].Start();
        }
    }

    public int Count { get; }

    /// <summary>Runs the body over [0, items), cut into as many parts as there are cores, but into none smaller than <paramref name="grain"/>.</summary>
    public void For<T>(int items, int grain, T body) where T : unmanaged, IRangeBody
    {
        int parts = (int)Math.Min(Count, Math.Max(1, (long)items / Math.Max(1, grain)));
        if (items == 0) return;
        lock (_oneAtATime)
        {
            if (parts == 1)
            {
                body.Run(0, items);
                return;
            }
            _body = &body;
            _invoke = &Invoke<T>;
            (_items, _parts) = (items, parts);
            _finished.Reset(parts - 1);
            for (int i = 0; i < parts - 1; i++) _starts[i].Release();
            RunPart(0);
            _finished.Wait();
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

    static void Invoke<T>(void* body, int from, int to) where T : unmanaged, IRangeBody => ((T*)body)->Run(from, to);

    void RunPart(int part) => _invoke(_body, (int)((long)_items * part / _parts), (int)((long)_items * (part + 1) / _parts));

    void Work(int part)
    {
        while (true)
        {
            _starts[part - 1].Wait();
            if (_stopping) return;
            RunPart(part);
            _finished.Signal();
        }
    }
}
