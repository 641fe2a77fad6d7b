namespace EsimCse.Core.Text;

/// <summary>The part of a tokenizer that splits a word into tokens of its vocabulary.</summary>
abstract class TokenModel
{
    /// <summary>The highest id; -1 for an empty vocabulary.</summary>
    public abstract int MaxId { get; }

    /// <summary>The characters with which a word's first token is spelled; empty for none.</summary>
    public abstract string WordPrefix { get; }

    /// <summary>Whether a token continues a word.</summary>
    public abstract bool IsContinuation(int id);

    /// <summary>Appends the tokens of a word.</summary>
    public abstract void Tokenize(scoped ReadOnlySpan<char> word, ref IdBuffer ids);
}
