using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Text;
using EsimCse.Core.Text.Normalizers;
using EsimCse.Core.Text.PreTokenizers;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Text;

/// <summary>
/// No key of a tokenizer's files is forgotten: another value of a key that is honoured changes ids, lengths or remarks,
/// and a refused one is named.
/// </summary>
public sealed class TokenizerKeysTests : IDisposable
{
    const string Json = TokenizerKeyChanges.Json;
    const string Config = TokenizerKeyChanges.Config;
    const string Map = TokenizerKeyChanges.Map;

    static readonly string[] Probes =
    [
        "The cats, Cat CATS 12 1. café CAFÉ ﬁ ½ 한 我爱 [MASK] [X1] foo  Foo bar", " a-b_c ", "ab\u200Bc xxxxxxxx \0 $",
        "b", "a b", "a.", "",
    ];

    static readonly (string List, SettingKeys Keys)[] Lists =
    [
        (Json, TokenizerJsonReader.Keys),
        ("model", TokenizerJsonReader.ModelKeys),
        (TokenizerKeyChanges.BytePairs, BytePairModel.Keys),
        ("truncation", TokenizerJsonReader.TruncationKeys),
        ("added token", AddedToken.Keys),
        ("pattern", Replace.PatternKeys),
        .. Normalizer.KnownKeys.Select(keys => ($"normalizer {keys.Type}", keys.Keys)),
        .. PreTokenizer.KnownKeys.Select(keys => ($"pre-tokenizer {keys.Type}", keys.Keys)),
        .. SentenceTemplate.KnownKeys.Select(keys => ($"post-processor {keys.Type}", keys.Keys)),
        (Config, TokenizerConfig.Keys),
        (Map, TokenizerConfig.MapKeys),
    ];

    readonly TokenizerKeyChanges _changes = new();

    readonly TokenizerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> HonouredKeys() =>
        [.. Lists.SelectMany(list => list.Keys.Honoured.Select(key => (list.List, key)))];

    public static TheoryData<string, string> RefusedKeys() =>
        [.. Lists.SelectMany(list => list.Keys.Refused.Keys.Select(key => (list.List, key)))];

    [Theory]
    [MemberData(nameof(HonouredKeys))]
    public void Another_value_of_an_honoured_key_changes_the_result(string list, string key)
    {
        Assert.True(_changes.Rows.TryGetValue((list, key), out var row), $"no row for {list}, {key}");
        string before = Describe(row.File, row.Start);
        Assert.DoesNotContain("refused", before, StringComparison.Ordinal);
        string after = Describe(row.File, row.Start, row.Change);
        Assert.NotEqual(before, after);
    }

    [Theory]
    [MemberData(nameof(RefusedKeys))]
    public void Another_value_of_a_refused_key_is_refused_by_name(string list, string key)
    {
        string patch = list switch
        {
            "post-processor part" =>
                """{"post_processor": {"single": [{"Sequence": {"id": "A", "type_id": 7}}]}}""",
            TokenizerKeyChanges.BytePairs => $$"""{"model": {"{{key}}": 7} }""",
            _ => $$"""{"{{key}}": 7}""",
        };
        string file = list.StartsWith("post-processor", StringComparison.Ordinal) ? Json : list;
        string message = Describe(file, "{}", patch);
        Assert.StartsWith("refused: ", message, StringComparison.Ordinal);
        Assert.Contains($"{key}: found 7", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_row_belongs_to_a_key() => Assert.Empty(
        _changes.Rows.Keys.Except(Lists.SelectMany(list => list.Keys.Honoured.Select(key => (list.List, key)))));

    [Fact]
    public void Keys_of_real_folders_are_known()
    {
        string[] folders =
        [
            .. Directory.GetDirectories(SharedData.Path("vocab")),
            .. Directory.GetDirectories(SharedData.Path("models")),
        ];
        (string, SettingKeys)[] files = [(Config, TokenizerConfig.Keys), (Map, TokenizerConfig.MapKeys)];
        foreach ((string name, SettingKeys keys) in files)
            foreach (string file in folders.Select(folder => Path.Combine(folder, name)).Where(File.Exists))
                foreach ((string key, _) in JsonFile.ReadObject(file))
                    Assert.True(keys.Known.Contains(key), $"{file}: {key}");
    }

    /// <summary>Returns all that a user sees of a folder: ids, lengths, remarks, or the refusal.</summary>
    string Describe(string file, params string[] patches)
    {
        JsonNode? content = file switch
        {
            Json => TokenizerFolder.Json(),
            TokenizerKeyChanges.BytePairs => BytePairFolder.Json(),
            _ => new JsonObject(),
        };
        foreach (string patch in patches) content = TokenizerFolder.Merge(content, JsonNode.Parse(patch));
        if (file == TokenizerKeyChanges.BytePairConfig) BytePairFolder.Write(_folder.Path);
        else if (file is Config or Map) _folder.WriteVocabulary();
        string name = file is TokenizerKeyChanges.BytePairs ? Json : file;
        _folder.Write(file is TokenizerKeyChanges.BytePairConfig ? Config : name, content!.ToJsonString());
        try
        {
            BertTokenizer tokenizer = _folder.Load();
            string[] ids = [.. Probes.Select(probe => string.Join(' ', tokenizer.Encode(probe)))];
            List<int> truncated = [];
            tokenizer.Encode(Probes[0], 6, truncated);
            string settings = string.Join(
                ' ', [tokenizer.UnknownId, tokenizer.MaskId, tokenizer.ModelMaxLength, .. truncated]);
            return string.Join('\n', [.. ids, settings, .. tokenizer.Remarks]);
        }
        catch (InvalidInputException error)
        {
            return $"refused: {error.Message}";
        }
    }
}
