using System.Globalization;
using System.Text;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Tests.Support;
using EsimCse.Tests.Text;

namespace EsimCse.Tests.Fuzz;

/// <summary>
/// Mutated files of every kind are read or refused by one line with their name, without more memory than their size
/// allows. <c>ESIMCSE_FUZZ_CASES</c> sets the number of cases of each kind.
/// </summary>
[Trait(TestCategory.Name, TestCategory.Exhaustive)]
public sealed class FuzzTests : IDisposable
{
    const int StandardCases = 10_000;

    /// <summary>Memory that reading a file of no size may take, and each byte of a file.</summary>
    const long BaseMemory = 4 << 20, MemoryPerByte = 400;

    static readonly int Cases = int.Parse(
        Environment.GetEnvironmentVariable("ESIMCSE_FUZZ_CASES") ?? $"{StandardCases}", CultureInfo.InvariantCulture);

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-fuzz-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Safetensors_files()
    {
        string path = In("model.safetensors");
        TensorToWrite[] tensors =
        [
            TensorToWrite.Floats("a.weight", [3, 2], () => [1, 2, 3, 4, 5, 6]),
            TensorToWrite.Floats("b", [1], () => [7]),
        ];
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        Fuzz("model.safetensors", File.ReadAllBytes(path), file =>
        {
            using SafetensorsFile opened = SafetensorsFile.Open(file);
            foreach (StoredTensor tensor in opened.Tensors.Values.Where(tensor => tensor.Type == "F32"))
                opened.ReadFinite(tensor);
        });
    }

    [Fact]
    public void Model_configurations()
    {
        using SmallModel small = new();
        Fuzz("config.json", File.ReadAllBytes(small.In("config.json")), file => BertConfig.Read(file));
    }

    [Fact]
    public void Tokenizer_files() =>
        Fuzz("tokenizer.json", Encoding.UTF8.GetBytes(TokenizerFolder.Json().ToJsonString()), LoadTokenizer);

    [Fact]
    public void Byte_pair_tokenizer_files() =>
        Fuzz("tokenizer.json", Encoding.UTF8.GetBytes(BytePairFolder.Json().ToJsonString()), LoadTokenizer);

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void Byte_pair_files(string name)
    {
        BytePairFolder.Write(_folder);
        Fuzz(name, File.ReadAllBytes(In(name)), LoadTokenizer);
    }

    [Fact]
    public void Tokenizer_configurations()
    {
        File.WriteAllLines(In("vocab.txt"), TokenizerFolder.Vocabulary);
        const string config = """
            {"do_lower_case": true, "tokenizer_class": "BertTokenizer", "model_max_length": 512, "cls_token": "[CLS]",
            "added_tokens_decoder": {"90": {"content": "[X1]", "lstrip": false, "special": true}}, "mask_token": null,
            "additional_special_tokens": ["[A]", {"content": "[B]"}], "truncation_side": "left", "never_split": []}
            """;
        Fuzz("tokenizer_config.json", Encoding.UTF8.GetBytes(config), LoadTokenizer);
    }

    [Theory]
    [InlineData("a.csv", "id,text\r\n1,\"a, \"\"b\"\"\nc\"\n2,d é\n\n3,漢\n")]
    [InlineData("a.tsv", "id\ttext\n1\ta \"b\n\n2\td\n")]
    [InlineData("a.jsonl", "{\"id\":1,\"text\":\"a\\n\\u00e9\"}\n\n\"b\"\n{\"text\":\"c\"}\n")]
    [InlineData("a.json", "[{\"id\":1,\"text\":\"a]\\\"\"},\n \"b\", {\"text\":\"c\",\"more\":[{}]}]\n")]
    [InlineData("a.txt", "a\r\nb\rc\n\u2028d\n")]
    public void Texts(string name, string text) =>
        Fuzz(name, Encoding.UTF8.GetBytes(text), file => _ = SentenceFile.Read(file).ToArray());

    string In(string name) => Path.Combine(_folder, name);

    void LoadTokenizer(string file)
    {
        BertTokenizer tokenizer = BertTokenizer.Load(_folder);
        List<int> ids = [];
        tokenizer.Encode("The cats, [MASK] café 我 12 [X1] ﬁ", 16, ids);
    }

    void Fuzz(string name, byte[] original, Action<string> read)
    {
        string path = In(name);
        int seed = Random.Shared.Next();
        for (int i = 0; i < Cases; i++)
        {
            byte[] mutated = Mutations.Apply(original, new Random(unchecked(seed + i)));
            File.WriteAllBytes(path, mutated);
            long before = GC.GetAllocatedBytesForCurrentThread();
            string? problem = Run(() => read(path));
            long used = GC.GetAllocatedBytesForCurrentThread() - before;
            if (used > BaseMemory + MemoryPerByte * mutated.Length) problem = $"took {used} bytes of memory";
            Assert.True(problem is null, $"seed {unchecked(seed + i)}: {problem}: {Convert.ToBase64String(mutated)}");
        }
    }

    /// <summary>Returns the way in which an outcome is not as it should be; null for none.</summary>
    string? Run(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (Exception error) when (error is InvalidInputException or UsageException)
        {
            bool named = error.Message.Contains(_folder, StringComparison.Ordinal);
            return named && !error.Message.Contains('\n', StringComparison.Ordinal) ? null : $"message {error.Message}";
        }
        catch (Exception error)
        {
            return error.ToString();
        }
    }
}
