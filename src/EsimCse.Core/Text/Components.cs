using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>Reads the components of tokenizer.json: objects whose "type" says which other keys they have.</summary>
static class Components
{
    /// <summary>The keys of a component that has no settings.</summary>
    public static readonly SettingKeys NoSettings = new() { Honoured = ["type"], IsClosed = true };

    static readonly SettingKeys TypeOnly = new() { Honoured = ["type"] };

    /// <summary>Reads the component of a key; null for none.</summary>
    /// <exception cref="InvalidInputException">Its type, or one of its settings, is not supported.</exception>
    public static T? Read<T>(
        JsonSettings parent, string key, Dictionary<string, (SettingKeys Keys, Func<JsonSettings, T> Read)> types)
        where T : class
    {
        if (parent.Object(key, TypeOnly) is not { } component) return null;
        (SettingKeys keys, Func<JsonSettings, T> read) = Find(component, types);
        return read(component.WithKeys(keys));
    }

    /// <summary>Reads the components of a list.</summary>
    /// <exception cref="InvalidInputException">A type, or one of its settings, is not supported.</exception>
    public static T[] ReadList<T>(
        JsonSettings parent, string key, Dictionary<string, (SettingKeys Keys, Func<JsonSettings, T> Read)> types)
    {
        if (!parent.Contains(key)) throw parent.Wrong(key, "a list of components");
        return
        [
            .. from component in parent.Objects(key, TypeOnly)
               let type = Find(component, types)
               select type.Read(component.WithKeys(type.Keys)),
        ];
    }

    static (SettingKeys Keys, Func<JsonSettings, T> Read) Find<T>(
        JsonSettings component, Dictionary<string, (SettingKeys Keys, Func<JsonSettings, T> Read)> types)
    {
        string? type = component.Text("type");
        if (type is not null && types.TryGetValue(type, out var found)) return found;
        throw component.Wrong("type", $"one of {string.Join(", ", types.Keys)}");
    }
}
