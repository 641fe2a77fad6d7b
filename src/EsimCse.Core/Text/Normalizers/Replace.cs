using System.Text.RegularExpressions;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text.Normalizers;

/// <summary>Replaces each occurrence of a text, or of a regular expression, by another text.</summary>
sealed partial class Replace : Normalizer
{
    public static readonly SettingKeys Keys = new() { Honoured = ["type", "pattern", "content"], IsClosed = true };

    public static readonly SettingKeys PatternKeys = new() { Honoured = ["String", "Regex"], IsClosed = true };

    const string Supported =
        "literals up to U+FFFF, sets, groups, alternatives and quantifiers that match no empty text";

    readonly string _content;
    readonly string _text;
    readonly Regex? _expression;

    Replace(string text, Regex? expression, string content)
    {
        _text = text;
        _expression = expression;
        _content = content;
    }

    public static Replace Read(JsonSettings json)
    {
        string content = json.Text("content") ?? throw json.Wrong("content", "a string");
        JsonSettings pattern = json.Object("pattern", PatternKeys)
            ?? throw json.Wrong("pattern", "an object with String or Regex");
        if (pattern.Text("String") is { Length: > 0 } text) return new Replace(text, null, content);
        if (pattern.Text("Regex") is not { Length: > 0 } expression)
            throw json.Wrong("pattern", "an object with a String or Regex that is not empty");
        return new Replace("", Compile(expression) ?? throw pattern.Wrong("Regex", Supported), content);
    }

    public override string Apply(string text) => _expression is null
        ? text.Replace(_text, _content, StringComparison.Ordinal)
        : _expression.Replace(text, _ => _content);

    /// <summary>Compiles an expression; null where it is not supported.</summary>
    static Regex? Compile(string expression)
    {
        if (!IsCommon().IsMatch(expression)) return null;
        try
        {
            Regex compiled = new(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
            return compiled.IsMatch("") ? null : compiled;
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>
    /// Matches the expressions that mean the same in Oniguruma, which Hugging Face's library uses, and in .NET.
    /// </summary>
    [GeneratedRegex(
        @"^(?:[^\\\[\](){}*+?|^$.&\uD800-\uDFFF]|\\[\\\[\](){}*+?|^$.\-/""'nrts]|\((?:\?:|(?!\?))|[)|]|[*+?]" +
        @"|\{\d+(?:,\d*)?\}|\[\^?(?:[^\\\[\]^&\uD800-\uDFFF]|\\[\\\[\]^\-nrts])+\])+$")]
    private static partial Regex IsCommon();
}
