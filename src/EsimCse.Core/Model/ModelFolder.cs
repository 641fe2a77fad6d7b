using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Model.SentenceTransformers;

namespace EsimCse.Core.Model;

/// <summary>The settings of a model folder in Hugging Face's or sentence-transformers' layout.</summary>
public sealed record ModelFolder
{
    const string PoolerKey = "pooler";

    /// <summary>The folder's path.</summary>
    public required string Path { get; init; }

    /// <summary>The encoder's path: the folder itself or that of its Transformer module.</summary>
    public required string EncoderPath { get; init; }

    /// <summary>The encoder's config.json.</summary>
    public required BertConfig Config { get; init; }

    /// <summary>The pooling; <see cref="Poolers.Pooler.Avg"/> where the folder does not state one.</summary>
    public Pooler Pooler { get; init; } = Pooler.Avg;

    /// <summary>Whether vectors are normalised to length 1 at the end.</summary>
    public bool Normalize { get; init; }

    /// <summary>max_seq_length; null where it is not stated.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Whether text is lower-cased before the tokenizer reads it.</summary>
    public bool LowerCase { get; init; }

    /// <summary>The text that goes before every sentence, from default_prompt_name; may be empty.</summary>
    public string Prompt => Encoding.Prompt;

    /// <summary>The folder's prompts, texts to go before every sentence, by their names.</summary>
    public IReadOnlyDictionary<string, string> Prompts => Encoding.Prompts;

    /// <summary>The function that compares vectors.</summary>
    public SimilarityFunction Similarity => Encoding.Similarity;

    /// <summary>Whether the folder states no pooling.</summary>
    public bool IsBare { get; init; }

    /// <summary>The keys of esimcse.json.</summary>
    internal static SettingKeys Keys { get; } = new() { Honoured = [PoolerKey], IsClosed = true };

    /// <summary>config_sentence_transformers.json.</summary>
    internal EncodingSettings Encoding { get; private init; } = new();

    /// <summary>The Pooling module; null for none.</summary>
    internal PoolingModule? Pooling { get; private init; }

    /// <summary>The Dense module in place of pooler.dense, where the pooler has a head; else null.</summary>
    internal DenseModule? Head { get; private init; }

    /// <summary>The modules after the pooling and its head, without a Normalize at the end.</summary>
    internal IReadOnlyList<VectorModule> Modules { get; private init; } = [];

    /// <summary>Reads the settings of a folder.</summary>
    /// <exception cref="InvalidInputException">
    /// The folder is missing or has a setting that is not supported.
    /// </exception>
    public static ModelFolder Read(string path)
    {
        if (!Directory.Exists(path)) throw new InvalidInputException($"{path}: no such folder");
        string named = System.IO.Path.Combine(path, "esimcse.json");
        string modules = System.IO.Path.Combine(path, "modules.json");
        if (InputFile.IsPresent(named)) return ReadNamed(path, named);
        if (InputFile.IsPresent(modules)) return ReadModules(path, ModuleList.Read(path, modules));
        // Without modules.json sentence-transformers does not read config_sentence_transformers.json either.
        return ReadEncoder(path, path) with { IsBare = true };
    }

    /// <summary>
    /// Returns the most tokens that a sentence may have: max_seq_length, else the tokenizer's model_max_length, and
    /// at most the model's positions.
    /// </summary>
    public int LengthLimit(int? modelMaxLength) =>
        Math.Min(Config.MaxPositions, MaxLength ?? modelMaxLength ?? int.MaxValue);

    /// <summary>Returns the folder with another pooling, which replaces all modules but Normalize.</summary>
    internal ModelFolder WithPooler(Pooler pooler) => this with
    {
        Pooler = pooler,
        Pooling = null,
        Head = null,
        Modules = [],
        Normalize = Normalize || Modules.Any(module => module is NormalizeModule),
    };

    /// <summary>Returns names and values of the widths of modules, which a device may not support.</summary>
    internal IEnumerable<(string Name, int Value)> ModuleWidths() =>
        from module in Modules.OfType<DenseModule>()
        select (System.IO.Path.Combine(module.Folder, "config.json") + ": out_features", module.Width);

    static ModelFolder ReadNamed(string path, string file)
    {
        JsonSettings settings = JsonSettings.Read(file, Keys);
        if (!Pooler.TryParse(settings.Text(PoolerKey), out Pooler? pooler))
            throw settings.Wrong(PoolerKey, $"one of {string.Join(", ", Pooler.All)}");
        return ReadEncoder(path, path) with { Pooler = pooler, Encoding = EncodingSettings.Read(path) };
    }

    static ModelFolder ReadEncoder(string path, string encoder)
    {
        string adapter = System.IO.Path.Combine(encoder, "adapter_config.json");
        if (InputFile.IsPresent(adapter))
            throw new InvalidInputException($"{adapter}: adapters (PEFT) are not supported, expected a merged model");
        TransformerSettings transformer = TransformerSettings.Read(encoder);
        return new ModelFolder
        {
            Path = path,
            EncoderPath = encoder,
            Config = BertConfig.Read(System.IO.Path.Combine(encoder, "config.json")),
            MaxLength = transformer.MaxLength,
            LowerCase = transformer.LowerCase,
        };
    }

    static ModelFolder ReadModules(string path, List<ModuleEntry> entries)
    {
        if (entries[0].Type != "Transformer") throw entries[0].Wrong("Transformer as the first module");
        ModelFolder folder = ReadEncoder(path, entries[0].Folder) with { Encoding = EncodingSettings.Read(path) };
        if (entries.Count == 1) throw entries[0].Wrong("a Pooling module after it");
        if (entries[1].Type != "Pooling") throw entries[1].Wrong("Pooling as the second module");
        PoolingModule pooling = PoolingModule.Read(entries[1], folder.Config.HiddenSize);
        Pooler pooler = Pooler.From(pooling.Modes);
        int width = pooler.Width(folder.Config.HiddenSize);
        List<VectorModule> modules = ReadVectorModules(entries.Skip(2), width);
        DenseModule? head = modules.FirstOrDefault() is DenseModule { IsHead: true } dense ? dense : null;
        if (pooler.WithHead is null) head = null;
        bool normalize = modules is [.., NormalizeModule];
        return folder with
        {
            Pooling = pooling,
            Pooler = head is null ? pooler : pooler.WithHead!,
            Head = head,
            Modules = modules[(head is null ? 0 : 1)..^(normalize ? 1 : 0)],
            Normalize = normalize,
        };
    }

    static List<VectorModule> ReadVectorModules(IEnumerable<ModuleEntry> entries, int width)
    {
        List<VectorModule> modules = [];
        foreach (ModuleEntry entry in entries)
        {
            VectorModule? module = entry.Type switch
            {
                "Dense" => DenseModule.Read(entry, width),
                "LayerNorm" => LayerNormModule.Read(entry, width),
                "Normalize" => NormalizeModule.Read(entry, width),
                "Dropout" => null, // without effect on inference
                _ => throw entry.Wrong("Transformer and Pooling once, then Dense, LayerNorm, Normalize or Dropout"),
            };
            if (module is null) continue;
            modules.Add(module);
            width = module.Width;
        }
        return modules;
    }
}
