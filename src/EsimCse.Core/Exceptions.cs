namespace EsimCse.Core;

/// <summary>
/// A file, a folder or its content is not what it must be. The message is one line that names the file, line or tensor,
/// what was found and what was expected. The command line answers it with exit code 3.
/// </summary>
public sealed class InvalidInputException : Exception
{
    /// <summary>An error without a message; prefer the others.</summary>
    public InvalidInputException() { }

    /// <summary>An error with its one-line message.</summary>
    public InvalidInputException(string message) : base(message) { }

    /// <summary>An error with its one-line message and what caused it.</summary>
    public InvalidInputException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A loss or a gradient norm that is not finite ended a run.</summary>
public sealed class NotFiniteException : Exception
{
    /// <summary>An error without a message.</summary>
    public NotFiniteException() { }

    /// <summary>An error with its message.</summary>
    public NotFiniteException(string message) : base(message) { }

    /// <summary>An error with its message and cause.</summary>
    public NotFiniteException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A request that contradicts what is there: an output in use, or options unlike those of the run to resume.</summary>
public sealed class UsageException : Exception
{
    /// <summary>An error without a message.</summary>
    public UsageException() { }

    /// <summary>An error with its message.</summary>
    public UsageException(string message) : base(message) { }

    /// <summary>An error with its message and cause.</summary>
    public UsageException(string message, Exception innerException) : base(message, innerException) { }
}

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
