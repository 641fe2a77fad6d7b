using Microsoft.ML.Tokenizers;

namespace EsimCse.Peers.Tokenizers;

/// <summary>Microsoft.ML.Tokenizers on one thread.</summary>
sealed class MicrosoftParticipant(string vocabulary, string text) : TokenizingParticipant(text)
{
    static readonly BertOptions Options = new() { LowerCaseBeforeTokenization = true, RemoveNonSpacingMarks = true };

    readonly BertTokenizer _tokenizer = BertTokenizer.Create(vocabulary, Options);

    public override string Settings => "EncodeToIds";

    protected override int Count(string sentence) =>
        _tokenizer.EncodeToIds(sentence, MaxLength, out _, out _).Count;

    protected override IEnumerable<long> Encode(string sentence) =>
        _tokenizer.EncodeToIds(sentence, MaxLength, out _, out _).Select(id => (long)id);
}
