namespace EsimCseNative.Hub;

/// <summary>A failure of the network or of a server: no connection, no answer in time, or a busy server.</summary>
/// <param name="message">The host and the failure.</param>
/// <param name="retryAfter">The wait that the server asks for; null where it asks for none.</param>
/// <param name="inner">The cause; null for none.</param>
sealed class HubUnreachableException(string message, TimeSpan? retryAfter = null, Exception? inner = null)
    : IOException(message, inner)
{
    /// <summary>The wait that the server asks for; null where it asks for none.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether a second try may succeed. A host that is not known stays so.</summary>
    public bool MayPass => InnerException is not HttpRequestException
    {
        HttpRequestError: HttpRequestError.NameResolutionError,
    };
}
