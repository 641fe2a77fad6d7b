using System.Text.Json;
using EsimCse.Core;

namespace EsimCseNative.Hub;

/// <summary>The commit of a revision and the names of its files.</summary>
/// <param name="Commit">The full hash of the commit.</param>
/// <param name="Files">Paths of the files in the repository, with slashes.</param>
sealed record HubListing(string Commit, IReadOnlySet<string> Files)
{
    /// <summary>Reads the hub's answer.</summary>
    /// <param name="json">The answer, JSON in UTF-8.</param>
    /// <param name="address">The address that answered, for errors.</param>
    /// <exception cref="InvalidInputException">
    /// It is not a listing, or a file's name leads out of the repository.
    /// </exception>
    public static HubListing Parse(ReadOnlyMemory<byte> json, string address)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            string commit = root.GetProperty("sha").GetString() ?? "";
            if (!ContentHash.IsCommit(commit)) throw Malformed(address, $"sha '{commit}'", "a commit's hash");
            HashSet<string> files = [];
            foreach (JsonElement file in root.GetProperty("siblings").EnumerateArray())
                files.Add(CheckName(file.GetProperty("rfilename").GetString() ?? "", address));
            return new(commit, files);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Malformed(address, "no listing", "JSON with sha and siblings");
        }
    }

    /// <summary>Whether a path stays inside of its folder on every system.</summary>
    public static bool IsInside(string path)
    {
        bool hasDrive = path.Length > 1 && path[1] == ':';
        return !hasDrive && !path.Contains('\0') && path.Split('/', '\\').All(part => part is not ("" or "." or ".."));
    }

    static string CheckName(string name, string address) =>
        IsInside(name) ? name : throw Malformed(address, $"the file name '{name}'", "a path inside the repository");

    static InvalidInputException Malformed(string address, string found, string expected) =>
        new($"{address}: found {found}, expected {expected}");
}
