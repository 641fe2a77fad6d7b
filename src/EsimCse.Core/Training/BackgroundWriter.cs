using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace EsimCse.Core.Training;

/// <summary>
/// Runs the writing of files in order on a thread of its own. After an error nothing more is written, and every later
/// call reports that error.
/// </summary>
sealed class BackgroundWriter(string name) : IDisposable
{
    readonly BlockingCollection<Task> _queue = [];
    Thread? _thread;
    volatile ExceptionDispatchInfo? _error;

    /// <summary>Queues work and returns its task, which ends with the error of earlier work if there is one.</summary>
    /// <exception cref="Exception">Earlier work failed.</exception>
    public Task Enqueue(Action work)
    {
        ThrowIfFailed();
        if (_thread is null)
        {
            _thread = new Thread(RunAll) { IsBackground = true, Name = name };
            _thread.Start();
        }
        // Else the thread would run the code that awaits the task, which may wait for the thread.
        Task task = new(Run, TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(task);
        return task;

        void Run()
        {
            ThrowIfFailed();
            work();
        }
    }

    /// <summary>Throws the error of the first work that failed.</summary>
    public void ThrowIfFailed() => _error?.Throw();

    /// <summary>Waits until all work is done.</summary>
    /// <exception cref="Exception">Some of it failed.</exception>
    public void Flush() => Enqueue(() => { }).GetAwaiter().GetResult();

    /// <summary>Waits until all work is done; its errors are not reported.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread?.Join();
        _queue.Dispose();
    }

    void RunAll()
    {
        foreach (Task task in _queue.GetConsumingEnumerable())
        {
            task.RunSynchronously();
            if (task.Exception is { } failed && _error is null)
                _error = ExceptionDispatchInfo.Capture(failed.InnerException!);
        }
    }
}
