using FastBertTokenizer;

namespace EsimCse.Peers.Tokenizers;

/// <summary>FastBertTokenizer on one thread, into spans that are used again.</summary>
sealed class FastBertParticipant : TokenizingParticipant
{
    readonly BertTokenizer _tokenizer = new();
    readonly long[] _ids = new long[MaxLength];
    readonly long[] _mask = new long[MaxLength];

    public FastBertParticipant(string vocabulary, string text) : base(text)
    {
        using StreamReader reader = new(vocabulary);
        _tokenizer.LoadVocabulary(reader, convertInputToLowercase: true);
    }

    public override string Settings => "into reused spans";

    protected override int Count(string sentence) => _tokenizer.Encode(sentence, _ids, _mask);

    protected override IEnumerable<long> Encode(string sentence) => _ids[..Count(sentence)];
}
