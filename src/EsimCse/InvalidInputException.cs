namespace EsimCse;

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
