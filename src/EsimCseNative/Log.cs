using Microsoft.Extensions.Logging;

namespace EsimCseNative;

/// <summary>The messages of this assembly.</summary>
static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "device: {Device}")]
    public static partial void DeviceChosen(ILogger logger, string device);

    [LoggerMessage(Level = LogLevel.Information, Message = "device: {Device} ({Reason})")]
    public static partial void CpuChosen(ILogger logger, string device, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Remark}")]
    public static partial void TokenizerRemark(ILogger logger, string remark);
}
