using Microsoft.Extensions.Logging;

namespace EsimCseNative.Hub;

/// <summary>Repeats work whose failures may pass, after waits that double.</summary>
/// <param name="firstDelay">The wait after a first failure.</param>
/// <param name="logger">Receives each failure that is not the last; null for none.</param>
sealed class Retry(TimeSpan firstDelay, ILogger? logger)
{
    /// <summary>Attempts without progress, by default.</summary>
    public const int Attempts = 5;

    /// <summary>The longest wait that a server is granted: the hub counts requests over five minutes.</summary>
    static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(5);

    /// <summary>Runs work until it succeeds.</summary>
    /// <param name="work">The work.</param>
    /// <param name="stop">Ends a wait.</param>
    /// <param name="attempts">Attempts in a row that may fail without progress.</param>
    /// <param name="progress">Returns a number that grows with progress; null where there is none to count.</param>
    /// <exception cref="HubUnreachableException">
    /// All attempts failed, or the server asks for too long a wait.
    /// </exception>
    public async Task<T> RunAsync<T>(
        Func<Task<T>> work, CancellationToken stop, int attempts = Attempts, Func<long>? progress = null)
    {
        for (int failures = 1; ; failures++)
        {
            long before = progress?.Invoke() ?? 0;
            try
            {
                return await work();
            }
            catch (HubUnreachableException error) when (error.MayPass && !(error.RetryAfter > MaxDelay))
            {
                if (progress is not null && progress() > before) failures = 1;
                if (failures >= attempts) throw;
                TimeSpan delay = error.RetryAfter ?? firstDelay * Math.Pow(2, failures - 1);
                if (logger is not null) HubLog.Retrying(logger, error.Message, delay.TotalSeconds);
                await Task.Delay(delay, stop);
            }
        }
    }
}
