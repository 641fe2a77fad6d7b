namespace EsimCse.Peers.Tokenizers;

/// <summary>Tokenizes the sentences of a text, one after the other.</summary>
abstract class TokenizingParticipant(string text) : IParticipant
{
    protected const int MaxLength = 512;

    readonly string[] _text = File.ReadAllLines(text);

    public abstract string Settings { get; }

    public void Run()
    {
        foreach (string sentence in _text) Count(sentence);
    }

    public void Check(string input, string output) =>
        File.WriteAllLines(output, File.ReadLines(input).Select(line => string.Join(' ', Encode(line))));

    public void Dispose() { }

    /// <summary>Tokenizes a sentence, and returns the number of its tokens.</summary>
    protected abstract int Count(string sentence);

    /// <summary>Returns the ids of a sentence.</summary>
    protected abstract IEnumerable<long> Encode(string sentence);
}
