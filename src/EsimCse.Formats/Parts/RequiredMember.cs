using System.Text.Json.Nodes;

namespace EsimCse.Formats.Parts;

/// <summary>Reads members that a JSON object must have.</summary>
static class RequiredMember
{
    /// <summary>Returns a member.</summary>
    /// <exception cref="FormatException">The member or the object is missing or null.</exception>
    /// <exception cref="InvalidOperationException">The node is no object.</exception>
    public static JsonNode Required(this JsonNode? node, string name) =>
        node?[name] ?? throw new FormatException($"{name} is missing");

    /// <summary>Returns the text of a member.</summary>
    /// <inheritdoc cref="Required"/>
    public static string RequiredText(this JsonNode? node, string name) => node.Required(name).GetValue<string>();

    /// <summary>Returns the number of a member.</summary>
    /// <inheritdoc cref="Required"/>
    public static long RequiredNumber(this JsonNode? node, string name) => node.Required(name).GetValue<long>();
}
