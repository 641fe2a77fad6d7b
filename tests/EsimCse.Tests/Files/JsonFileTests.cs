using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class JsonFileTests : IDisposable
{
    readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("esimcse-json-").FullName, "config.json");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public void An_object_is_read()
    {
        File.WriteAllText(_path, """{"a":1}""");
        Assert.Equal(1, JsonFile.ReadObject(_path)["a"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("{\"a\":1", "not valid JSON")]
    [InlineData("{\"a\":1,\"a\":2}", "not valid JSON")]
    [InlineData("{\"a\":\"\\ud800\"}", "not valid JSON")]
    [InlineData("{\"\\udc00\":1}", "not valid JSON")]
    [InlineData("", "not valid JSON")]
    [InlineData("[1]", "expected a JSON object")]
    [InlineData("null", "expected a JSON object")]
    [InlineData("{\"a\":[{\"b\":1,\"b\":1}]}", "not valid JSON")]
    public void A_file_that_is_no_valid_object_is_named(string text, string named)
    {
        File.WriteAllText(_path, text);
        string message = Assert.Throws<InvalidInputException>(() => JsonFile.ReadObject(_path)).Message;
        Assert.StartsWith($"{_path}: {named}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string message = Assert.Throws<InvalidInputException>(() => JsonFile.Read(_path)).Message;
        Assert.Equal($"{_path}: no such file", message);
    }
}
