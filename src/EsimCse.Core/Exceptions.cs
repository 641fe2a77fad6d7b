namespace EsimCse.Core;

/// <summary>
/// An error in a file, a folder or its content. The message is one line: the file, line or tensor, the value found and
/// the one expected. The command line exits with code 3.
/// </summary>
public sealed class InvalidInputException : Exception
{
    /// <summary>Creates an error without a message.</summary>
    public InvalidInputException() { }

    /// <summary>Creates an error with a message, whose line ends become spaces.</summary>
    public InvalidInputException(string message) : base(message?.ReplaceLineEndings(" ")) { }

    /// <summary>Creates an error with a message, whose line ends become spaces, and a cause.</summary>
    public InvalidInputException(string message, Exception innerException)
        : base(message?.ReplaceLineEndings(" "), innerException)
    {
    }
}

/// <summary>A loss or gradient norm that is not finite and ended a training run.</summary>
public sealed class NotFiniteException : Exception
{
    /// <summary>Creates an error without a message.</summary>
    public NotFiniteException() { }

    /// <summary>Creates an error with a message.</summary>
    public NotFiniteException(string message) : base(message) { }

    /// <summary>Creates an error with a message and a cause.</summary>
    public NotFiniteException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>
/// An error in a request: an option out of its range, an output in use, or options unlike those of the run to resume.
/// The command line exits with code 2.
/// </summary>
public sealed class UsageException : Exception
{
    /// <summary>Creates an error without a message.</summary>
    public UsageException() { }

    /// <summary>Creates an error with a message, whose line ends become spaces.</summary>
    public UsageException(string message) : base(message?.ReplaceLineEndings(" ")) { }

    /// <summary>Creates an error with a message, whose line ends become spaces, and a cause.</summary>
    public UsageException(string message, Exception innerException)
        : base(message?.ReplaceLineEndings(" "), innerException)
    {
    }
}

/// <summary>An error of a device: it is missing, lacks a feature or failed.</summary>
public class DeviceException : Exception
{
    /// <summary>Creates an error without a message.</summary>
    public DeviceException() { }

    /// <summary>Creates an error with a message.</summary>
    public DeviceException(string message) : base(message) { }

    /// <summary>Creates an error with a message and a cause.</summary>
    public DeviceException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>An error of a device with too little free memory; smaller batches may fit.</summary>
public sealed class DeviceMemoryException : DeviceException
{
    /// <summary>Creates an error without a message.</summary>
    public DeviceMemoryException() { }

    /// <summary>Creates an error with a message: bytes asked for, bytes free, and what to lower.</summary>
    public DeviceMemoryException(string message) : base(message) { }

    /// <summary>Creates an error with a message and a cause.</summary>
    public DeviceMemoryException(string message, Exception innerException) : base(message, innerException) { }
}
