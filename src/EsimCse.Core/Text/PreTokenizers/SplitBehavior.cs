namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>The places that delimiters take among the words that they separate.</summary>
enum SplitBehavior
{
    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Each is a word of its own.</summary>
    Isolated,

    /// <summary>Each joins the word before it.</summary>
    MergedWithPrevious,

    /// <summary>Each joins the word after it.</summary>
    MergedWithNext,

    /// <summary>Adjacent ones are one word.</summary>
    Contiguous,
}
