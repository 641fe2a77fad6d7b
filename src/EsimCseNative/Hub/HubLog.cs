using Microsoft.Extensions.Logging;

namespace EsimCseNative.Hub;

/// <summary>The messages of downloads.</summary>
static partial class HubLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Failure}; next try in {Seconds:0.#} s")]
    public static partial void Retrying(ILogger logger, string failure, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id}: another process downloads {File}; waiting for it")]
    public static partial void Waiting(ILogger logger, string id, string file);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id}: downloading {File}")]
    public static partial void Downloading(ILogger logger, string id, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Failure}; using the cached snapshot {Folder}")]
    public static partial void UsingCache(ILogger logger, string failure, string folder);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Folder}: modules.json is not in the cache; if the repository has one, its settings are not used")]
    public static partial void ModulesUnknown(ILogger logger, string folder);
}
