using System.Globalization;

namespace EsimCse.Cli;

/// <summary>
/// A generated language. A meaning has five slots (subject, attribute, action, object, place); a sentence expresses
/// it in one of several orders and inflections, with filler words in between. The gold score of two sentences is five
/// times the share of slots in which they agree.
/// </summary>
sealed class DemoGrammar(int seed)
{
    const int Slots = 5;
    const double MaxGold = 5;

    static readonly string[][] Concepts =
    [
        Words("baker sailor teacher farmer doctor painter singer miner hunter weaver driver tailor"),
        Words("tall young quiet brave clever gentle proud sleepy happy lonely careful noisy"),
        Words("watch paint follow lift clean mend borrow count carry wash praise draw"),
        Words("horse boat lamp basket bridge drum kettle ladder mirror wagon carpet clock"),
        Words("harbour forest market valley garden station castle meadow village museum river desert"),
    ];

    static readonly string[] Fillers = Words("indeed perhaps again slowly today surely often once still also");

    readonly Random _random = new(seed);

    /// <summary>The tokenizer's vocabulary: stems, and endings as continuations.</summary>
    public static IEnumerable<string> Vocabulary =>
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
        ".", ",", "the", "a", "is", "was", "by", "in", "near", "##s", "##ed", "##ing",
        .. Fillers,
        .. Concepts.SelectMany(words => words),
    ];

    /// <summary>Returns a sentence of a random meaning.</summary>
    public string Sentence() => Express(DrawMeaning());

    /// <summary>
    /// Returns two sentences and their gold score as a line of the STS benchmark's files. The meanings share at least
    /// <paramref name="number"/> mod 6 slots.
    /// </summary>
    public string ScoredPair(int number)
    {
        int[] first = DrawMeaning();
        int[] second = DrawMeaning();
        int shared = number % (Slots + 1);
        IEnumerable<int> shuffled = Enumerable.Range(0, Slots).OrderBy(_ => _random.Next());
        foreach (int slot in shuffled.Take(shared)) second[slot] = first[slot];
        double gold = MaxGold * Enumerable.Range(0, Slots).Count(slot => first[slot] == second[slot]) / Slots;
        string pair = $"{Express(first)}\t{Express(second)}";
        return string.Create(CultureInfo.InvariantCulture, $"demo\tgrammar\theld-out\t{number:D4}\t{gold:F3}\t{pair}");
    }

    int[] DrawMeaning() => [.. Concepts.Select(words => _random.Next(words.Length))];

    string Express(int[] meaning)
    {
        string[] w = [.. meaning.Select((concept, slot) => Concepts[slot][concept])];
        string sentence = _random.Next(4) switch
        {
            0 => $"the {w[1]} {w[0]} {w[2]}s the {w[3]} in the {w[4]}",
            1 => $"in the {w[4]} a {w[1]} {w[0]} {w[2]}ed a {w[3]}",
            2 => $"the {w[3]} was {w[2]}ed by the {w[1]} {w[0]} near the {w[4]}",
            _ => $"a {w[1]} {w[0]} is {w[2]}ing the {w[3]} near a {w[4]}",
        };
        List<string> words = [.. sentence.Split(' ')];
        for (int count = _random.Next(5); count > 0; count--)
            words.Insert(_random.Next(words.Count + 1), Fillers[_random.Next(Fillers.Length)]);
        return string.Join(' ', words) + ".";
    }

    static string[] Words(string text) => text.Split(' ');
}
