namespace EsimCse;

/// <summary>A device is missing, lacks something or failed: not a matter of the input.</summary>
public class DeviceException : Exception
{
    /// <summary>An error with what was found and what was expected.</summary>
    public DeviceException(string message) : base(message) { }

    /// <summary>An error with its cause.</summary>
    public DeviceException(string message, Exception inner) : base(message, inner) { }

    /// <summary>An error without a message.</summary>
    public DeviceException() { }
}

/// <summary>A device has too little free memory for what was asked of it; smaller batches may fit.</summary>
public sealed class DeviceMemoryException : DeviceException
{
    /// <summary>An error with what was asked for, what was free, and what to lower.</summary>
    public DeviceMemoryException(string message) : base(message) { }

    /// <summary>An error with its cause.</summary>
    public DeviceMemoryException(string message, Exception inner) : base(message, inner) { }

    /// <summary>An error without a message.</summary>
    public DeviceMemoryException() { }
}
