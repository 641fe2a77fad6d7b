using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class WordPieceTests
{
    static readonly Dictionary<string, int> Vocabulary = new()
    {
        ["[UNK]"] = 0,
        ["a"] = 1,
        ["ab"] = 2,
        ["##a"] = 3,
        ["##b"] = 4,
        ["##bc"] = 5,
        ["c"] = 9,
    };

    static int[] Tokenize(string word, string prefix = "##")
    {
        IdBuffer ids = new([]);
        new WordPiece(Vocabulary, prefix, unknownId: 0).Tokenize(word, ref ids);
        return ids.Ids.ToArray();
    }

    [Theory]
    [InlineData("a", 1)]
    [InlineData("ab", 2)]
    [InlineData("aba", 2, 3)]
    [InlineData("aabc", 1, 3, 5)]
    [InlineData("abb", 2, 4)]
    public void The_longest_match_comes_first(string word, params int[] expected) =>
        Assert.Equal(expected, Tokenize(word));

    [Theory]
    [InlineData("b")]
    [InlineData("abc")]
    [InlineData("abx")]
    public void A_part_without_a_match_makes_the_whole_word_unknown(string word) => Assert.Equal([0], Tokenize(word));

    [Fact]
    public void Without_a_prefix_all_tokens_continue_a_word() => Assert.Equal([2, 9, 1], Tokenize("abca", prefix: ""));

    [Fact]
    public void The_highest_id_and_the_continuations_are_known()
    {
        WordPiece wordPiece = new(Vocabulary, "##", unknownId: 0);
        Assert.Equal(9, wordPiece.MaxId);
        Assert.Equal([3, 4, 5], Enumerable.Range(-1, 12).Where(wordPiece.IsContinuation));
    }
}
