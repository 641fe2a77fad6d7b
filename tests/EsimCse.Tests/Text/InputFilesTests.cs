using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCse.Formats;

namespace EsimCse.Tests.Text;

public sealed class InputFilesTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-inputs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string In(string name) => Path.Combine(_folder, name);

    void Write(params string[] names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(In(name))!);
            File.WriteAllText(In(name), "a\n");
        }
    }

    static string[] Expand(params string[] inputs) => InputFiles.Expand(inputs, TableFormats.Reader);

    void AssertFound(string[] expected, params string[] inputs)
    {
        IEnumerable<string> found = Expand([.. inputs.Select(In)]).Select(path => path[(_folder.Length + 1)..]);
        Assert.Equal(expected, found);
    }

    void AssertNothing(string input, string expected)
    {
        string message = Assert.Throws<InvalidInputException>(() => Expand(In(input))).Message;
        Assert.StartsWith($"{In(input)}: {expected}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_its_files_that_are_read_in_ordinal_order()
    {
        Write("d/b.txt", "d/a.csv.gz", "d/Z.TSV", "d/é.json", "d/10.jsonl", "d/9.ndjson.br", "d/sub/deep/a.txt");
        Write("d/t.parquet", "d/t.arrow", "d/t.parquet.gz", "d/a.npy", "d/readme.md", "d/noextension", "d/a.gz");
        Write("d/.hidden.txt", "d/.git/a.txt", "d/txt");
        Write("d/c.txt.esimcse-tmp", "d/model.esimcse-tmp/a.txt");
        AssertFound(
            ["d/10.jsonl", "d/9.ndjson.br", "d/Z.TSV", "d/a.csv.gz", "d/b.txt", "d/sub/deep/a.txt", "d/t.arrow",
                "d/t.parquet", "d/é.json"], "d");
        Assert.Equal(In("d/") + "10.jsonl", Expand(In("d/"))[0]);
    }

    [Fact]
    public void Inputs_keep_their_order_and_names_of_files_stay_as_they_are()
    {
        Write("b.txt", "d/2.txt", "d/1.txt");
        AssertFound(["b.txt", "d/1.txt", "d/2.txt", "b.txt", "missing.txt"], "b.txt", "d", "b.txt", "missing.txt");
    }

    [Fact]
    public void A_glob_is_the_files_that_match_it()
    {
        Write("a1.txt", "a2.md", "a10.txt", "b1.txt", "x/a1.txt", "x/y/a1.txt", ".a1.txt", "x/.y/a1.txt");
        Write("a1.txt.esimcse-tmp");
        AssertFound(["a1.txt", "a10.txt", "a2.md"], "a*");
        AssertFound(["a1.txt", "b1.txt"], "?1.txt");
        AssertFound(["a1.txt", "b1.txt"], "[a-c]1.*");
        AssertFound(["x/a1.txt"], "*/a1.txt");
        AssertFound(["x/y/a1.txt"], "x/?/*.txt");
        AssertFound(["a1.txt", "x/a1.txt", "x/y/a1.txt"], "**/a1.txt");
        AssertFound(["a1.txt", "x/a1.txt", "x/y/a1.txt"], "**/**/a1.txt");
        AssertFound(["x/a1.txt", "x/y/a1.txt"], "x/**");
        AssertFound(["x/.y/a1.txt"], "x/.*/*");
        AssertFound([".a1.txt"], ".a*");
        AssertFound(["x/y/../a1.txt"], "x/y/../a*");
    }

    [Fact]
    public void A_name_that_exists_is_no_glob()
    {
        Write("[a].txt", "a.txt", "d[1]/b.txt", "d1/b.txt", "what?/c.txt");
        AssertFound(["[a].txt"], "[a].txt");
        AssertFound(["d[1]/b.txt"], "d[1]");
        AssertFound(["d[1]/b.txt"], "d[1]/*.txt");
        AssertFound(["what?/c.txt"], "what?");
        File.Delete(In("[a].txt"));
        AssertFound(["a.txt"], "[a].txt");
    }

    [Fact]
    public void A_relative_glob_gives_relative_paths()
    {
        string name = $"esimcse-inputs-{Guid.NewGuid():N}.txt";
        File.WriteAllText(name, "");
        try
        {
            Assert.Equal([name], Expand(name[..^5] + "*"));
            Assert.Equal(["./" + name], Expand("./" + name[..^5] + "?.t*").Select(Slashes));
        }
        finally
        {
            File.Delete(name);
        }

        static string Slashes(string path) => path.Replace('\\', '/');
    }

    [Fact]
    public void A_linked_folder_is_not_descended_into_and_a_linked_file_is_read()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        Write("d/a.txt", "elsewhere.txt");
        Directory.CreateSymbolicLink(In("d/loop"), In("d"));
        File.CreateSymbolicLink(In("d/link.txt"), In("elsewhere.txt"));
        File.CreateSymbolicLink(In("d/dangling.txt"), In("nowhere.txt"));
        AssertFound(["d/a.txt", "d/dangling.txt", "d/link.txt"], "d");
        AssertFound(["d/a.txt", "d/dangling.txt", "d/link.txt"], "d/**");
    }

    [Fact]
    public void Nothing_found_is_an_error()
    {
        Write("d/a.md", "d/sub/.hidden.txt", "a.txt");
        AssertNothing("d", "found no file that is read, expected .txt, .csv, ");
        AssertNothing("*.csv", "found no file that matches");
        AssertNothing("?", "found no file that matches");
        AssertNothing("no/*/such", "");
    }
}
