using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>An error in a request, or of the server in its state, and the status of the answer.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">The request's field, the value found and the one expected, in one line.</param>
sealed class RequestException(int status, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>The field of the request that is wrong; null for none.</summary>
    public string? Field { get; init; }

    /// <summary>Seconds after which the client may try again; null where that would not help.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>Creates the error of a field that is not valid.</summary>
    public static RequestException Malformed(string field, string found, string expected) =>
        OfField(StatusCodes.Status400BadRequest, field, found, expected);

    /// <summary>Creates the error of a field that holds more than is allowed.</summary>
    public static RequestException TooLarge(string field, string found, string expected) =>
        OfField(StatusCodes.Status413PayloadTooLarge, field, found, expected);

    /// <summary>Creates the error of a field that is valid but cannot be embedded.</summary>
    public static RequestException NotEmbeddable(string field, string found, string expected) =>
        OfField(StatusCodes.Status422UnprocessableEntity, field, found, expected);

    static RequestException OfField(int status, string field, string found, string expected) =>
        new(status, $"{field}: found {found}, expected {expected}") { Field = field };
}
