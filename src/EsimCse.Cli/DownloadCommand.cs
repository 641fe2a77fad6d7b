using System.CommandLine;
using EsimCseNative.Hub;

namespace EsimCse.Cli;

/// <summary>The command <c>download</c>.</summary>
static class DownloadCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "A model of the Hugging Face hub: name or organization/name." };
        Option<string?> revision = new("--revision") { Description = "A branch, a tag or a commit; by default main." };
        const string purpose = "Downloads a model into Hugging Face's cache and prints the path of its folder.";
        Command command = new("download", purpose)
        {
            id, revision,
        };
        command.OnRun((parsed, stop) =>
        {
            string folder = Download(parsed.GetValue(id)!, parsed.GetValue(revision), stop);
            Console.WriteLine(folder);
        });
        return command;
    }

    static string Download(string id, string? revision, CancellationToken stop)
    {
        using DownloadLine line = new();
        return HubModel.Download(id, revision, line.Show, StandardErrorLogger.Instance, stop);
    }
}
