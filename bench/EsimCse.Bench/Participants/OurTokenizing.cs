using EsimCse.Core.Text;
using EsimCse.Peers;

namespace EsimCse.Bench.Participants;

/// <summary>Our tokenizer on one thread, into a list that is used again.</summary>
sealed class OurTokenizing(string folder, string text) : IParticipant
{
    const int MaxLength = 512;

    readonly BertTokenizer _tokenizer = BertTokenizer.Load(folder);
    readonly string[] _text = File.ReadAllLines(text);
    readonly List<int> _ids = [];

    public string Settings => "into a reused list";

    public void Run()
    {
        foreach (string sentence in _text) Encode(sentence);
    }

    public void Check(string input, string output) => File.WriteAllLines(output, File.ReadLines(input).Select(line =>
    {
        Encode(line);
        return string.Join(' ', _ids);
    }));

    public void Dispose() { }

    void Encode(string sentence)
    {
        _ids.Clear();
        _tokenizer.Encode(sentence, MaxLength, _ids);
    }
}
