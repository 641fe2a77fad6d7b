using System.Globalization;
using EsimCse.Core.Text;

namespace EsimCse.Bench.Compare;

/// <summary>Tokenizing on one thread.</summary>
sealed class TokenizingComparison(WorkFolder work, Programs programs)
{
    const int Sentences = 10_000;

    /// <summary>Times the text is tokenized in a round, so that a round is long enough to be timed.</summary>
    const int Repetitions = 10;

    /// <summary>Runs the comparison.</summary>
    /// <param name="model">The folder of the tokenizer.</param>
    /// <param name="rounds">Rounds of each participant.</param>
    public ComparisonTable Run(string model, int rounds)
    {
        string text = work.Sentences(Sentences);
        string[] sentences = File.ReadAllLines(text);
        IEnumerable<string> repetitions = Enumerable.Repeat(sentences, Repetitions).SelectMany(lines => lines);
        string repeated = work.Lines("sentences-repeated.txt", repetitions);
        string vocabulary = Path.Combine(model, "vocab.txt");
        ParticipantStart[] starts =
        [
            Programs.Own("", "tokenize", model, repeated),
            programs.Tokenizer("FastBertTokenizer", "fast", vocabulary, repeated),
            programs.Tokenizer("Microsoft.ML.Tokenizers", "microsoft", vocabulary, repeated),
        ];
        BertTokenizer tokenizer = BertTokenizer.Load(model);
        string[] expected = [.. sentences.Select(sentence => string.Join(' ', tokenizer.Encode(sentence)))];
        double tokens = expected.Average(ids => ids.Split(' ').Length);
        RaceResult[] results = Race.Run(starts, 1, rounds, Check);
        string length = tokens.ToString("F1", CultureInfo.InvariantCulture);
        return new ComparisonTable(
            "Tokenizing",
            $"{sentences.Length} sentences of {length} tokens, {Repetitions} times a round, median of {rounds} rounds.",
            "sentences/s",
            results)
        {
            Items = sentences.Length * Repetitions,
        };

        string Check(ParticipantProcess participant)
        {
            string output = work.File("ids.txt");
            participant.Check(text, output);
            int equal = File.ReadLines(output).Zip(expected, (x, y) => x == y).Count(same => same);
            return $"{equal} of {expected.Length} id lists are ours";
        }
    }
}
