using EsimCse.Core.Files;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Pre-tokenizers, each of which splits the words of the one before.</summary>
class PreTokenizerSequence(params PreTokenizer[] steps) : PreTokenizer
{
    public static readonly SettingKeys Keys = new() { Honoured = ["type", "pretokenizers"], IsClosed = true };

    public static PreTokenizerSequence Read(JsonSettings json) => new(ReadList(json, "pretokenizers"));

    public sealed override IEnumerable<PreTokenizer> Steps => steps.SelectMany(step => step.Steps).Prepend(this);

    public sealed override void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> words)
    {
        List<ReadOnlyMemory<char>> pieces = [piece];
        foreach (PreTokenizer step in steps)
        {
            List<ReadOnlyMemory<char>> split = [];
            foreach (ReadOnlyMemory<char> part in pieces) step.Split(part, split);
            pieces = split;
        }
        words.AddRange(pieces);
    }
}
