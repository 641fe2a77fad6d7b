using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EsimCse.Core.Text;

/// <summary>A value of another column than that of the sentences, which is carried along to the output.</summary>
/// <param name="Text">The string, or the JSON of another value on one line.</param>
/// <param name="IsJson">Whether the text is JSON: a number, true, false, null, an array or an object.</param>
readonly record struct KeptValue(string Text, bool IsJson = false)
{
    static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A value that is missing: JSON's null.</summary>
    public static KeptValue Null { get; } = new("null", IsJson: true);

    /// <summary>Whether the value is missing.</summary>
    public bool IsNull => IsJson && Text == "null";

    /// <summary>
    /// Returns a number, true or false by its invariant text. NaN and the infinities, which JSON lacks, become strings.
    /// </summary>
    public static KeptValue FromScalar(string text) =>
        new(text, IsJson: text is not ("NaN" or "Infinity" or "-Infinity"));

    /// <summary>Returns the value of a JSON element.</summary>
    /// <exception cref="InvalidOperationException">A string has half of a surrogate pair.</exception>
    public static KeptValue From(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) return new(value.GetString()!);
        return new(ToJson(value.WriteTo), IsJson: true);
    }

    /// <summary>Returns the value as JSON on one line.</summary>
    public string ToJson()
    {
        string text = Text;
        return IsJson ? text : ToJson(writer => writer.WriteStringValue(text));
    }

    static string ToJson(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, Compact)) write(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
