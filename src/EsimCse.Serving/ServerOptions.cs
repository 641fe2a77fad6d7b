using System.Net;

namespace EsimCse.Serving;

/// <summary>Address and limits of the server.</summary>
sealed record ServerOptions
{
    /// <summary>The address to listen on.</summary>
    public IPAddress Host { get; init; } = IPAddress.Loopback;

    /// <summary>The port to listen on; 0 for any free one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>The key that requests must carry; null for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Tokens of several inputs that are computed together at most; null for what suits the device.</summary>
    public int? MaxTokensPerBatch { get; init; }

    /// <summary>Inputs without an answer from which on requests are refused.</summary>
    public int MaxQueue { get; init; } = 2048;

    /// <summary>Inputs of a request at most.</summary>
    public int MaxInputs { get; init; } = 2048;

    /// <summary>Bytes of a request's body at most.</summary>
    public int MaxBodyBytes { get; init; } = 4 << 20;

    /// <summary>The time that accepted requests have when the server is stopped.</summary>
    public TimeSpan ShutdownTime { get; init; } = TimeSpan.FromSeconds(30);
}
