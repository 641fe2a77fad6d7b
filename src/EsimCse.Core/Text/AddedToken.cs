using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>A token that is found in a text by its spelling, before the text is split into words.</summary>
sealed record AddedToken
{
    /// <summary>The keys of a token that a file writes as an object.</summary>
    public static readonly SettingKeys Keys = new()
    {
        Honoured = ["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"],
        Harmless = ["__type"],
        IsClosed = true,
    };

    /// <summary>The file that states the token.</summary>
    public required string File { get; init; }

    /// <summary>Its spelling.</summary>
    public required string Content { get; init; }

    /// <summary>Its id; null for that of the vocabulary, or the next free one.</summary>
    public int? Id { get; init; }

    /// <summary>Whether it is found only where no letter, digit or underscore touches it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Whether it takes the whitespace before it.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Whether it takes the whitespace after it.</summary>
    public bool StripRight { get; init; }

    /// <summary>Whether its normalized spelling is found, in the normalized text.</summary>
    public bool Normalized { get; init; }

    /// <summary>Whether it is a special token.</summary>
    public bool Special { get; init; }

    /// <summary>Whether the file states the token's spelling alone, so that its flags are defaults.</summary>
    public bool HasDefaultFlags { get; init; }

    /// <summary>Reads a token; flags that are absent are those of Hugging Face's AddedToken.</summary>
    public static AddedToken Read(JsonSettings json, bool special)
    {
        special = json.Flag("special") ?? special;
        return new AddedToken
        {
            File = json.File,
            Content = json.Text("content") ?? throw json.Wrong("content", "a string"),
            Id = json.Integer("id", 0),
            SingleWord = json.Flag("single_word") ?? false,
            StripLeft = json.Flag("lstrip") ?? false,
            StripRight = json.Flag("rstrip") ?? false,
            Normalized = json.Flag("normalized") ?? !special,
            Special = special,
        };
    }

    /// <summary>Whether another token is found in the same places.</summary>
    public bool IsFoundLike(AddedToken other) => Flags == other.Flags;

    (string, bool, bool, bool, bool) Flags => (Content, SingleWord, StripLeft, StripRight, Normalized);
}
