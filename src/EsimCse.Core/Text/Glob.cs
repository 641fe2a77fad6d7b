using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EsimCse.Core.Text;

/// <summary>
/// A pattern of file names: * is any text, ? any character, [a-z] one of a set, [!a-z] one outside a set. Case counts.
/// </summary>
/// <remarks>Microsoft.Extensions.FileSystemGlobbing has neither ? nor sets.</remarks>
sealed class Glob
{
    const string SurrogatePair = @"[\uD800-\uDBFF][\uDC00-\uDFFF]";

    const string Surrogate = @"\uD800-\uDFFF";

    static readonly char[] Marks = ['*', '?', '['];

    readonly Regex _regex;

    Glob(string pattern, Regex regex)
    {
        IsHidden = pattern.StartsWith('.');
        _regex = regex;
    }

    /// <summary>Whether the pattern is one of hidden files, whose names begin with a point.</summary>
    public bool IsHidden { get; }

    /// <summary>Returns whether a path has a character that patterns give a meaning.</summary>
    public static bool IsGlob(string path) => path.IndexOfAny(Marks) >= 0;

    /// <summary>Compiles the pattern of a name. A [ that no ] follows is a character.</summary>
    public static Glob Compile(string pattern)
    {
        StringBuilder regex = new("^(?:");
        for (int i = 0; i < pattern.Length; i++)
            if (pattern[i] == '[' && FindSetEnd(pattern, i) is > 0 and int end)
            {
                regex.Append(SetOf(pattern[(i + 1)..end]));
                i = end;
            }
            else
            {
                regex.Append(pattern[i] switch
                {
                    '*' => ".*",
                    '?' => $"(?:{SurrogatePair}|[^{Surrogate}])",
                    char other => Escape(other),
                });
            }
        const RegexOptions options = RegexOptions.Singleline | RegexOptions.CultureInvariant;
        // Without backtracking, a pattern of many stars takes no exponential time.
        return new(pattern, new(regex.Append(@")\z").ToString(), options | RegexOptions.NonBacktracking));
    }

    /// <summary>Returns whether a name matches.</summary>
    public bool Matches(ReadOnlySpan<char> name) => _regex.IsMatch(name);

    /// <summary>Returns the index of the ] of a set; -1 where it does not end. A first ] is a member.</summary>
    static int FindSetEnd(string pattern, int start)
    {
        int first = start + 1;
        if (first < pattern.Length && pattern[first] is '!' or '^') first++;
        return first + 1 < pattern.Length ? pattern.IndexOf(']', first + 1) : -1;
    }

    static string SetOf(string members)
    {
        bool isNegated = members[0] is '!' or '^';
        StringBuilder set = new();
        for (int i = isNegated ? 1 : 0; i < members.Length; i++)
        {
            bool isRange = i + 2 < members.Length && members[i + 1] == '-' && members[i] <= members[i + 2];
            set.Append(Escape(members[i]));
            if (!isRange) continue;
            set.Append('-').Append(Escape(members[i + 2]));
            i += 2;
        }
        return isNegated ? $"(?:{SurrogatePair}|[^{Surrogate}{set}])" : $"[{set}]";
    }

    static string Escape(char character) => string.Create(CultureInfo.InvariantCulture, $@"\u{(int)character:X4}");
}
