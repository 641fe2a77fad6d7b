using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace EsimCse.Core.Training;

/// <summary>The values that an option allows, and their text form, the same in every culture.</summary>
/// <param name="TryParse">Reads a value from its text form; returns false for any other text.</param>
/// <param name="Format">Returns the text form of a value.</param>
/// <param name="IsAllowed">Returns whether a value is in range.</param>
/// <param name="Expected">The allowed values in words, for error messages.</param>
/// <param name="Names">The allowed values by name, where there is a list; else empty.</param>
sealed record OptionValues<T>(
    OptionValues<T>.Parser TryParse,
    Func<T, string> Format,
    Func<T, bool> IsAllowed,
    string Expected,
    IReadOnlyList<string> Names)
{
    public delegate bool Parser(string text, [MaybeNullWhen(false)] out T value);
}

/// <summary>Kinds of option values.</summary>
static class OptionValues
{
    public static OptionValues<bool> TrueOrFalse { get; } =
        new(bool.TryParse, value => value ? "true" : "false", _ => true, "true or false", ["true", "false"]);

    public static OptionValues<ulong> Unsigned { get; } =
        Number<ulong>(NumberStyles.None, _ => true, $"a whole number of at most {ulong.MaxValue}");

    public static OptionValues<int> Integer(int minimum, int maximum = int.MaxValue)
    {
        string range = maximum == int.MaxValue ? $"of at least {minimum}" : $"from {minimum} to {maximum}";
        bool IsAllowed(int value) => value >= minimum && value <= maximum;
        return Number<int>(NumberStyles.AllowLeadingSign, IsAllowed, "a whole number " + range);
    }

    /// <summary>Returns the finite numbers that satisfy a condition.</summary>
    public static OptionValues<float> Float(Func<float, bool> isAllowed, string expected) =>
        Number<float>(NumberStyles.Float, value => float.IsFinite(value) && isAllowed(value), expected);

    /// <inheritdoc cref="Float"/>
    public static OptionValues<double> Double(Func<double, bool> isAllowed, string expected) =>
        Number<double>(NumberStyles.Float, value => double.IsFinite(value) && isAllowed(value), expected);

    /// <summary>Returns the members of an enum, named in lower case.</summary>
    public static OptionValues<T> OneOf<T>() where T : struct, Enum
    {
        T[] values = Enum.GetValues<T>();
        return OneOf(values, [.. values.Select(value => value.ToString().ToLowerInvariant())]);
    }

    /// <summary>Returns a list of named values.</summary>
    public static OptionValues<T> OneOf<T>(IReadOnlyList<T> values, IReadOnlyList<string> names) where T : notnull
    {
        return new(TryParse, NameOf, values.Contains, string.Join(", ", names), names);

        bool TryParse(string text, [MaybeNullWhen(false)] out T value)
        {
            value = values.FirstOrDefault(candidate => NameOf(candidate) == text);
            return names.Contains(text);
        }

        string NameOf(T value)
        {
            for (int i = 0; i < names.Count; i++)
                if (values[i].Equals(value)) return names[i];
            return $"{value}";
        }
    }

    /// <summary>Returns the same values and null, which has no text form.</summary>
    public static OptionValues<T?> Optional<T>(OptionValues<T> values) where T : struct
    {
        return new(TryParse, value => values.Format(value!.Value), IsAllowed, values.Expected, values.Names);

        bool TryParse(string text, out T? value)
        {
            bool parsed = values.TryParse(text, out T found);
            value = found;
            return parsed;
        }

        bool IsAllowed(T? value) => value is null || values.IsAllowed(value.Value);
    }

    static OptionValues<T> Number<T>(NumberStyles styles, Func<T, bool> isAllowed, string expected)
        where T : struct, INumber<T>
    {
        return new(TryParse, Format, isAllowed, expected, []);

        bool TryParse(string text, out T value) => T.TryParse(text, styles, CultureInfo.InvariantCulture, out value);

        static string Format(T value) => value.ToString(null, CultureInfo.InvariantCulture).ToLowerInvariant();
    }
}
