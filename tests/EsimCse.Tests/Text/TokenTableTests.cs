using System.Text;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class TokenTableTests
{
    [Fact]
    public void The_longest_token_is_that_of_a_search_through_all()
    {
        Random random = new(5);
        Dictionary<(string, int), int> tokens = [];
        TokenTable table = new(1);
        for (int id = 0; id < 3_000; id++)
        {
            string token = RandomText(random, random.Next(1, random.Next(2, 70)));
            int node = random.Next(2) == 0 ? TokenTable.WordStart : TokenTable.Continuation;
            tokens[(token, node)] = id;
            table.Add(token, node, id);
        }
        int found = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string word = i < 3_000 ? tokens.Keys.ElementAt(i % tokens.Count).Item1 + "ab" : RandomText(random, 40);
            int node = random.Next(2) == 0 ? TokenTable.WordStart : TokenTable.Continuation;
            int length = word.Length;
            while (length > 0 && !tokens.ContainsKey((word[..length], node))) length--;
            byte[] bytes = Encoding.UTF8.GetBytes(word + "abababababababab");
            int actual = table.FindLongest(in bytes[0], Encoding.UTF8.GetByteCount(word), node, out int id);
            Assert.Equal(Encoding.UTF8.GetByteCount(word[..length]), actual);
            Assert.Equal(length == 0 ? -1 : tokens[(word[..length], node)], id);
            if (length > 20) found++;
        }
        Assert.True(found > 500, $"{found} long tokens");
    }

    [Fact]
    public void A_token_that_ends_with_zeros_is_not_the_one_without()
    {
        TokenTable table = new(1);
        table.Add("a", TokenTable.WordStart, 1);
        byte[] bytes = new byte[32];
        bytes[0] = (byte)'a';
        Assert.Equal(1, table.FindLongest(in bytes[0], 2, TokenTable.WordStart, out _));
        table.Add("a\0", TokenTable.WordStart, 2);
        Assert.Equal(2, table.FindLongest(in bytes[0], 2, TokenTable.WordStart, out int id));
        Assert.Equal(2, id);
    }

    [Fact]
    public void A_token_that_is_not_valid_UTF16_is_left_out()
    {
        TokenTable table = new(1);
        table.Add("\uD800", TokenTable.WordStart, 1);
        byte[] replacement = Encoding.UTF8.GetBytes("\uFFFD0123456789ABCDEF");
        Assert.Equal(0, table.FindLongest(in replacement[0], 3, TokenTable.WordStart, out _));
    }

    /// <summary>Returns a text of few different letters, so that texts share beginnings.</summary>
    static string RandomText(Random random, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => "aaab\0ωω"[random.Next(7)]));
}
