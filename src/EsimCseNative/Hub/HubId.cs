using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace EsimCseNative.Hub;

/// <summary>The id of a model repository: a name, or an organization and a name.</summary>
/// <param name="Text">The id as users write it.</param>
sealed partial record HubId(string Text)
{
    /// <summary>The name of the repository's folder in the cache.</summary>
    public string FolderName => "models--" + Text.Replace("/", "--", StringComparison.Ordinal);

    /// <summary>The organization; null for a name alone.</summary>
    public string? Organization => Text.Contains('/', StringComparison.Ordinal) ? Text.Split('/')[0] : null;

    /// <summary>Parses an id by the rules of huggingface_hub.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HubId? id)
    {
        bool isValid = Pattern().IsMatch(text)
            && !text.Contains("--", StringComparison.Ordinal)
            && !text.Contains("..", StringComparison.Ordinal)
            && !text.EndsWith(".git", StringComparison.Ordinal);
        id = isValid ? new(text) : null;
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    // Neither part begins or ends with a dot or a dash.
    [GeneratedRegex(@"\A(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?(?:/(?!\z)|\z)){1,2}\z")]
    private static partial Regex Pattern();
}
