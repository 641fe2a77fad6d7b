using System.Globalization;
using EsimCse.Cli;

namespace EsimCse.Tests.Cli;

public class DemoGrammarTests
{
    [Fact]
    public void Every_word_is_in_the_vocabulary()
    {
        DemoGrammar grammar = new(seed: 1);
        string[] vocabulary = [.. DemoGrammar.Vocabulary];
        string[] endings = ["", "s", "ed", "ing"];
        Assert.Equal(vocabulary.Length, vocabulary.Distinct().Count());
        for (int i = 0; i < 200; i++)
            Assert.All(grammar.Sentence().TrimEnd('.').Split(' '), word =>
                Assert.Contains(endings, ending =>
                    word.EndsWith(ending, StringComparison.Ordinal) && vocabulary.Contains(word[..^ending.Length])));
    }

    [Fact]
    public void The_same_seed_gives_the_same_sentences()
    {
        DemoGrammar first = new(seed: 3);
        DemoGrammar second = new(seed: 3);
        for (int i = 0; i < 20; i++) Assert.Equal(first.ScoredPair(i), second.ScoredPair(i));
    }

    [Fact]
    public void The_gold_score_is_at_least_the_number_of_shared_slots()
    {
        DemoGrammar grammar = new(seed: 1);
        for (int i = 0; i < 30; i++)
        {
            string[] fields = grammar.ScoredPair(i).Split('\t');
            Assert.Equal(7, fields.Length);
            Assert.InRange(double.Parse(fields[4], CultureInfo.InvariantCulture), i % 6, 5);
        }
    }
}
