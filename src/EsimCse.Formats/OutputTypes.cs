namespace EsimCse.Formats;

/// <summary>Names of the output types on the command line.</summary>
static class OutputTypes
{
    static readonly Dictionary<string, OutputType> ByName = new()
    {
        ["fp32"] = OutputType.Float32,
        ["fp16"] = OutputType.Float16,
        ["int8"] = OutputType.Int8,
        ["binary"] = OutputType.Binary,
    };

    /// <summary>All names.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>Returns the type of a name; null for any other text.</summary>
    public static OutputType? FromName(string? name) =>
        name is not null && ByName.TryGetValue(name, out OutputType type) ? type : null;

    /// <summary>Returns the name of a type.</summary>
    public static string Name(this OutputType type) => ByName.Single(entry => entry.Value == type).Key;
}
