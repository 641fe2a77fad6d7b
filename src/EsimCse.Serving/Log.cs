using Microsoft.Extensions.Logging;

namespace EsimCse.Serving;

/// <summary>The messages of this library.</summary>
static partial class Log
{
    /// <summary>Reports an error that is not the client's.</summary>
    [LoggerMessage(Level = LogLevel.Error, Message = "{Path}: {Error}")]
    public static partial void RequestFailed(ILogger logger, string path, string error);
}
