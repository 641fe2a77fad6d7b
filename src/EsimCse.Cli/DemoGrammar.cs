using System.Globalization;

namespace EsimCse.Cli;

/// <summary>
/// A small language of our own. A meaning is five slots (who, what kind, does what, to what, where); a sentence says it in one of several orders and
/// inflections, with words that mean nothing in between. Two sentences are as alike as the slots that they share: that is the gold score.
/// </summary>
sealed class DemoGrammar(int seed)
{
    const int Slots = 5;
    const double HighestGold = 5;

    static readonly string[][] Concepts =
    [
        ["baker", "sailor", "teacher", "farmer", "doctor", "painter", "singer", "miner", "hunter", "weaver", "driver", "tailor"],
        ["tall", "young", "quiet", "brave", "clever", "gentle", "proud", "sleepy", "happy", "lonely", "careful", "noisy"],
        ["watch", "paint", "follow", "lift", "clean", "mend", "borrow", "count", "carry", "wash", "praise", "draw"],
        ["horse", "boat", "lamp", "basket", "bridge", "drum", "kettle", "ladder", "mirror", "wagon", "carpet", "clock"],
        ["harbour", "forest", "market", "valley", "garden", "station", "castle", "meadow", "village", "museum", "river", "desert"],
    ];

    static readonly string[] Fillers = ["indeed", "perhaps", "again", "slowly", "today", "surely", "often", "once", "still", "also"];

    readonly Random _random = new(seed);

    /// <summary>The tokenizer's vocabulary: whole stems, endings as continuations.</summary>
    public static IEnumerable<string> Vocabulary =>
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "the", "a", "is", "was", "by", "in", "near", "##s", "##ed", "##ing",
        .. Fillers, .. Concepts.SelectMany(words => words),
    ];

    /// <summary>A sentence of a random meaning.</summary>
    public string Sentence() => Say(Meaning());

    /// <summary>Two sentences that share some slots, how many from none to all, tab-separated as the STS benchmark's files are.</summary>
    public string ScoredPair(int number)
    {
        (int[] first, int[] second) = (Meaning(), Meaning());
        int shared = number % (Slots + 1);
        foreach (int slot in Enumerable.Range(0, Slots).OrderBy(_ => _random.Next()).Take(shared)) second[slot] = first[slot];
        double gold = HighestGold * Enumerable.Range(0, Slots).Count(slot => first[slot] == second[slot]) / Slots;
        return string.Create(CultureInfo.InvariantCulture, $"demo\tgrammar\theld-out\t{number:D4}\t{gold:F3}\t{Say(first)}\t{Say(second)}");
    }

    int[] Meaning() => [.. Concepts.Select(words => _random.Next(words.Length))];

    string Say(int[] meaning)
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
        for (int filler = _random.Next(5); filler > 0; filler--) words.Insert(_random.Next(words.Count + 1), Fillers[_random.Next(Fillers.Length)]);
        return string.Join(' ', words) + ".";
    }
}
