using System.Text.Json;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The Pooling module.</summary>
/// <param name="Modes">The modes, whose vectors are joined in this order; at least one.</param>
/// <param name="ExcludesPrompt">Whether the tokens of a prompt are left out: include_prompt is false.</param>
/// <param name="Settings">The file, for error messages.</param>
sealed record PoolingModule(IReadOnlyList<PoolingMode> Modes, bool ExcludesPrompt, JsonSettings Settings)
{
    const string ModeKey = "pooling_mode", PromptKey = "include_prompt";

    static readonly string[] WidthKeys = ["word_embedding_dimension", "embedding_dimension"];

    /// <summary>The keys: flags in the files of versions 2 to 5, pooling_mode in those of version 6.</summary>
    public static SettingKeys Keys { get; } = new()
    {
        Honoured = [.. WidthKeys, ModeKey, .. PoolingMode.All.Select(mode => mode.FlagKey), PromptKey],
        IsClosed = true,
    };

    /// <summary>Reads the module's config.json for token vectors of a width.</summary>
    /// <exception cref="InvalidInputException">It is missing, or a setting is not supported.</exception>
    public static PoolingModule Read(ModuleEntry module, int width)
    {
        JsonSettings settings = JsonSettings.Read(module.In("config.json"), Keys);
        foreach (string key in WidthKeys)
            if (settings.Integer(key, 1) is { } found && found != width)
                throw settings.Wrong(key, $"{width}, the model's hidden_size");
        bool excludesPrompt = settings.Flag(PromptKey) is false;
        return new(ReadModes(settings), excludesPrompt, settings);
    }

    /// <summary>Returns the error of a module that excludes the prompt where there is one.</summary>
    public InvalidInputException PromptNotExcluded() =>
        Settings.Wrong(PromptKey, "true where a default prompt is used");

    /// <summary>
    /// Reads pooling_mode, a name or a list that is joined in its own order; without it the flags, joined in a fixed
    /// order.
    /// </summary>
    static PoolingMode[] ReadModes(JsonSettings settings)
    {
        string expected = $"one or several of {string.Join(", ", PoolingMode.All.Select(mode => mode.Name))}";
        PoolingMode[] modes = settings.Find(ModeKey) switch
        {
            null => [.. PoolingMode.All.Where(IsOn).OrderBy(mode => mode.Pooling)],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(Find)],
            { } name => [Find(name)],
        };
        return modes.Length > 0 ? modes : throw settings.Wrong(ModeKey, expected);

        bool IsOn(PoolingMode mode) => settings.Flag(mode.FlagKey) is true;

        PoolingMode Find(JsonElement name) =>
            PoolingMode.All.FirstOrDefault(mode => mode.Name == JsonFile.Text(name))
            ?? throw settings.Wrong(ModeKey, expected);
    }
}
