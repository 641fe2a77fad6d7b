using System.Diagnostics;
using EsimCse.Cli;
using EsimCse.Core;

namespace EsimCse.Tests.Cli;

public sealed class OutputPathTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-output-").FullName;

    public OutputPathTests()
    {
        Directory.CreateDirectory(In("model", "1_Pooling"));
        File.WriteAllText(In("model", "config.json"), "{}");
        File.WriteAllText(In("model", "1_Pooling", "config.json"), "{}");
        File.WriteAllText(In("texte é.jsonl"), "\"a\"\n");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string In(params string[] parts) => Path.Combine([_folder, .. parts]);

    string Refusal(string output, string input) =>
        Assert.Throws<UsageException>(() => OutputPath.Check(output, ["other.txt", input], In("model"))).Message;

    [Fact]
    public void The_input_is_refused_under_any_spelling()
    {
        string input = In("texte é.jsonl");
        File.CreateSymbolicLink(In("link.jsonl"), input);
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, input);
        foreach (string output in new[] { input, In("model", "..", "texte é.jsonl"), relative, In("link.jsonl") })
        {
            Assert.Contains(output, Refusal(output, input), StringComparison.Ordinal);
            Refusal(input, output);
        }
    }

    [Fact]
    public void A_hard_link_to_the_input_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "identities are known on Linux only");
        using Process link = Process.Start("ln", [In("texte é.jsonl"), In("hard.jsonl")]);
        link.WaitForExit();
        Refusal(In("hard.jsonl"), In("texte é.jsonl"));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("1_Pooling", "config.json")]
    public void A_file_of_the_model_is_refused(params string[] name)
    {
        string file = In(["model", .. name]);
        File.CreateSymbolicLink(In("link.jsonl"), file);
        Assert.Contains(file, Refusal(In("link.jsonl"), In("texte é.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_files_are_allowed_and_may_be_in_the_folder_of_the_model()
    {
        File.WriteAllText(In("model", "earlier.npy"), "");
        foreach (string output in new[] { In("new.jsonl"), In("model", "earlier.npy"), In("model", "new.npy"), "-" })
            OutputPath.Check(output, [In("texte é.jsonl")], In("model"));
        OutputPath.Check("-", ["-"], In("model"));
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(
            () => OutputPath.Check(In("missing", "v.npy"), [In("texte é.jsonl")], In("model")));
        Assert.Equal($"{In("missing")}: no such folder", error.Message);
    }

    [Fact]
    public void The_file_behind_standard_input_or_output_is_refused_as_the_other()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/bin/sh"), "there is no /dev/stdin");
        string file = In("texte é.jsonl");
        Assert.Equal(2, Shell("\"$@\" - --output \"$FILE\" < \"$FILE\"", file));
        Assert.Equal(2, Shell("\"$@\" \"$FILE\" >> \"$FILE\"", file));
        Assert.Equal("\"a\"\n", File.ReadAllText(file));
    }

    int Shell(string script, string file)
    {
        string[] arguments = ["-c", script, "sh", .. Support.Tool.Command, "embed", In("model")];
        ProcessStartInfo start = new("/bin/sh", arguments);
        start.Environment["FILE"] = file;
        return Support.ChildProcess.Run(start).Code;
    }
}
