using System.Net;
using EsimCse.Core;

namespace EsimCseNative.Hub;

/// <summary>The errors of answers with a failure status.</summary>
/// <param name="settings">The settings of the requests.</param>
/// <param name="id">The repository.</param>
/// <param name="revision">The branch, tag or commit asked for.</param>
sealed class HubErrors(HubSettings settings, HubId id, string revision)
{
    string Host => settings.Host;

    string Page => $"{settings.Endpoint}/{id}";

    /// <summary>Returns the error of an answer: one that may pass, or one that will not.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="host">The host that gave it.</param>
    /// <param name="subject">The address or the file asked for.</param>
    public Exception From(HttpResponseMessage answer, string host, string subject)
    {
        int status = (int)answer.StatusCode;
        string text = Header(answer, "X-Error-Message") ?? answer.ReasonPhrase ?? "";
        string description = text.Length > 0 ? $"{status} ({text})" : $"{status}";
        bool mayPass = status is 408 or 429 or >= 500;
        // Another host's refusal: the address that the hub gave was valid for a time only.
        if (mayPass || host != Host) return MayPass(answer, $"{host}: answers {description} to {subject}");
        string? code = Header(answer, "X-Error-Code");
        string message = answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized => Unauthorized(code, text),
            HttpStatusCode.Forbidden => Forbidden(code, text),
            HttpStatusCode.NotFound => NotFound(code, subject),
            _ => $"{Host} answers {description} to {subject}",
        };
        return new InvalidInputException($"{id}: {message}");
    }

    string Unauthorized(string? code, string text)
    {
        bool hasToken = settings.Token is not null;
        if (code == "GatedRepo") return Gated();
        if (!hasToken) return $"no such repository at {Host}, or one that needs an access token: set HF_TOKEN";
        return code == "RepoNotFound"
            ? $"no such repository at {Host}, or the access token must not read it"
            : $"{Host} refuses the access token of HF_TOKEN or of the token file: {text}";
    }

    string Forbidden(string? code, string text) =>
        code == "GatedRepo" ? Gated() : $"{Host} denies access: {text}";

    string Gated()
    {
        string token = settings.Token is null ? "and set HF_TOKEN" : "with the account of the access token";
        return $"a gated repository: ask for access at {Page} {token}";
    }

    string NotFound(string? code, string subject)
    {
        if (code == "EntryNotFound") return $"{subject}: listed, but not found at {Host}";
        if (code == "RevisionNotFound") return $"no such revision {revision} at {Host}";
        return code == "RepoNotFound"
            ? $"no such repository at {Host}, and no such folder"
            : $"no such repository at {Host}, or no such revision {revision}";
    }

    static HubUnreachableException MayPass(HttpResponseMessage answer, string message)
    {
        TimeSpan? wait = RetryAfter(answer);
        if (wait is { } time) message += $", and asks to wait {time.TotalSeconds:0} s";
        return new(message, wait);
    }

    static TimeSpan? RetryAfter(HttpResponseMessage answer)
    {
        TimeSpan? wait = answer.Headers.RetryAfter?.Delta;
        if (answer.Headers.RetryAfter?.Date is { } date) wait = date - DateTimeOffset.UtcNow;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    static string? Header(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;
}
