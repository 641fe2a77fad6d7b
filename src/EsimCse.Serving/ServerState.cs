using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>Whether the server is starting, ready or draining, and the requests that it answers. Thread-safe.</summary>
sealed class ServerState
{
    const string Ready = "ready";

    readonly Lock _lock = new();
    readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    ServedModel? _model;
    bool _isDraining;
    int _active;

    /// <summary>A word for the state: starting, ready, failed or draining.</summary>
    public string Name
    {
        get
        {
            lock (_lock)
            {
                if (_isDraining) return "draining";
                if (_model is null) return "starting";
                return _model.Queue.HasFailed ? "failed" : Ready;
            }
        }
    }

    /// <summary>Whether requests are answered.</summary>
    public bool IsReady => Name == Ready;

    /// <summary>Requests without an answer.</summary>
    public int Active
    {
        get { lock (_lock) return _active; }
    }

    /// <summary>Begins to accept requests for a model.</summary>
    public void SetReady(ServedModel model)
    {
        lock (_lock) _model = model;
    }

    /// <summary>Accepts a request until the result is disposed of.</summary>
    /// <exception cref="RequestException">The server is starting or draining.</exception>
    public Acceptance Accept()
    {
        lock (_lock)
        {
            if (_isDraining || _model is not { } model) throw Unavailable();
            _active++;
            return new Acceptance(this, model);
        }
    }

    /// <summary>
    /// Accepts no more requests and waits for the answers to those that were accepted. Returns the number of requests
    /// that have none after a time.
    /// </summary>
    public async Task<int> DrainAsync(TimeSpan limit)
    {
        lock (_lock)
        {
            _isDraining = true;
            if (_active == 0) return 0;
        }
        await Task.WhenAny(_idle.Task, Task.Delay(limit));
        lock (_lock) return _active;
    }

    void Leave()
    {
        lock (_lock)
            if (--_active == 0 && _isDraining) _idle.TrySetResult();
    }

    RequestException Unavailable() =>
        new(StatusCodes.Status503ServiceUnavailable, $"the server is {(_isDraining ? "draining" : "starting")}")
        {
            RetryAfterSeconds = 1,
        };

    /// <summary>A request that was accepted.</summary>
    public sealed class Acceptance(ServerState state, ServedModel model) : IDisposable
    {
        /// <summary>The model to answer with.</summary>
        public ServedModel Model { get; } = model;

        /// <summary>Ends the request.</summary>
        public void Dispose() => state.Leave();
    }
}
