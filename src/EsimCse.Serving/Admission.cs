using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>
/// The bound on the inputs that were accepted and have no answer yet. A request is refused where the bound is reached,
/// not where it would pass it: a large one is not refused for ever while small ones keep coming.
/// </summary>
/// <param name="limit">Inputs from which on requests are refused, at least 1.</param>
sealed class Admission(int limit)
{
    const int LongestRetrySeconds = 60;

    readonly Lock _lock = new();
    int _inputs;
    TimeSpan _latest = TimeSpan.FromSeconds(1);

    /// <summary>Inputs without an answer.</summary>
    public int Inputs
    {
        get { lock (_lock) return _inputs; }
    }

    /// <summary>Checks that a request with an input would be accepted.</summary>
    /// <exception cref="RequestException">It would not.</exception>
    public void RequireRoom()
    {
        lock (_lock)
            if (_inputs >= limit) throw Full();
    }

    /// <summary>Accepts a request until the result is disposed of.</summary>
    /// <param name="inputs">Inputs of the request.</param>
    /// <exception cref="RequestException">The bound is reached.</exception>
    public Ticket Enter(int inputs)
    {
        lock (_lock)
        {
            if (_inputs >= limit) throw Full();
            _inputs += inputs;
        }
        return new Ticket(this, inputs);
    }

    void Leave(int inputs, TimeSpan time)
    {
        lock (_lock)
        {
            _inputs -= inputs;
            _latest = time;
        }
    }

    /// <summary>Creates the error, with the time that the latest request took as the time to wait.</summary>
    RequestException Full()
    {
        string message = $"{_inputs} inputs are waiting, expected fewer than {limit}";
        int seconds = (int)Math.Clamp(Math.Ceiling(_latest.TotalSeconds), 1, LongestRetrySeconds);
        return new(StatusCodes.Status429TooManyRequests, message) { RetryAfterSeconds = seconds };
    }

    /// <summary>The admission of a request.</summary>
    public sealed class Ticket(Admission admission, int inputs) : IDisposable
    {
        readonly long _start = Stopwatch.GetTimestamp();

        /// <summary>Ends the admission: the request is answered.</summary>
        public void Dispose() => admission.Leave(inputs, Stopwatch.GetElapsedTime(_start));
    }
}
