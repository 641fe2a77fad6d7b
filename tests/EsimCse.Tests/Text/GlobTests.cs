using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class GlobTests
{
    [Theory]
    [InlineData("*.txt", "a.txt", true)]
    [InlineData("*.txt", ".txt", true)]
    [InlineData("*.txt", "a.txt.gz", false)]
    [InlineData("*.txt", "a.TXT", false)]
    [InlineData("a*b*c", "abc", true)]
    [InlineData("a*b*c", "a\nxbbyc", true)]
    [InlineData("a*b*c", "abcd", false)]
    [InlineData("?", "", false)]
    [InlineData("?", "ab", false)]
    [InlineData("?", "é", true)]
    [InlineData("?", "𝄞", true)]
    [InlineData("??", "𝄞", false)]
    [InlineData("[ab].x", "b.x", true)]
    [InlineData("[ab].x", "c.x", false)]
    [InlineData("[0-9][0-9]", "07", true)]
    [InlineData("[0-9][0-9]", "0a", false)]
    [InlineData("[!0-9]", "a", true)]
    [InlineData("[!0-9]", "𝄞", true)]
    [InlineData("[^0-9]", "7", false)]
    [InlineData("[]]", "]", true)]
    [InlineData("[!]]", "]", false)]
    [InlineData("[a-]", "-", true)]
    [InlineData("[z-a]", "-", true)]
    [InlineData("[", "[", true)]
    [InlineData("[]", "[]", true)]
    [InlineData("[!]", "[!]", true)]
    [InlineData("a[b", "a[b", true)]
    [InlineData(@"[\d]", "7", false)]
    [InlineData("(a|b)+$", "(a|b)+$", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("a", "a\n", false)]
    public void A_name_matches_as_in_a_shell(string pattern, string name, bool matches) =>
        Assert.Equal(matches, Glob.Compile(pattern).Matches(name));

    [Theory]
    [InlineData("a/*.txt", true)]
    [InlineData("a?", true)]
    [InlineData("[a]", true)]
    [InlineData("a]!-.txt", false)]
    public void A_path_is_a_glob_by_its_characters(string path, bool isGlob) =>
        Assert.Equal(isGlob, Glob.IsGlob(path));

    [Fact]
    public void Many_stars_take_no_exponential_time() =>
        Assert.False(Glob.Compile(string.Concat(Enumerable.Repeat("*a", 30)) + "b").Matches(new string('a', 250)));
}
