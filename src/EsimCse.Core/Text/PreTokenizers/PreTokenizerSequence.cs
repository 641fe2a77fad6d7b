using EsimCse.Core.Files;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Pre-tokenizers, each of which splits the words of the one before.</summary>
class PreTokenizerSequence(params PreTokenizer[] steps) : PreTokenizer
{
    public static readonly SettingKeys Keys = new() { Honoured = ["type", "pretokenizers"], IsClosed = true };

    public static PreTokenizerSequence Read(JsonSettings json) => new(ReadList(json, "pretokenizers"));

    public sealed override void Split(string text, Range piece, List<Range> words)
    {
        List<Range> pieces = [piece];
        foreach (PreTokenizer step in steps)
        {
            List<Range> split = [];
            foreach (Range part in pieces) step.Split(text, part, split);
            pieces = split;
        }
        words.AddRange(pieces);
    }
}
