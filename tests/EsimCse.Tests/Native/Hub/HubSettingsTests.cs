using EsimCse.Core;
using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

public sealed class HubSettingsTests : IDisposable
{
    readonly string _home = Directory.CreateTempSubdirectory("esimcse-home-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    static HubSettings Read(params (string Name, string Value)[] variables) =>
        HubSettings.Read(name => variables.FirstOrDefault(variable => variable.Name == name).Value);

    [Fact]
    public void The_cache_is_where_huggingface_hub_has_it()
    {
        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.Equal(Path.Combine(user, ".cache", "huggingface", "hub"), Read().CacheFolder);
        Assert.Equal("/x/huggingface/hub", Read(("XDG_CACHE_HOME", "/x")).CacheFolder);
        Assert.Equal("/h/hub", Read(("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/h")).CacheFolder);
        Assert.Equal("/old", Read(("HF_HOME", "/h"), ("HUGGINGFACE_HUB_CACHE", "/old")).CacheFolder);
        Assert.Equal("/c", Read(("HUGGINGFACE_HUB_CACHE", "/old"), ("HF_HUB_CACHE", "/c")).CacheFolder);
        Assert.Equal(Path.Combine(user, "h", "hub"), Read(("HF_HOME", "~/h")).CacheFolder);
        Assert.Equal(Path.GetFullPath("relative"), Read(("HF_HUB_CACHE", "relative")).CacheFolder);
    }

    [Fact]
    public void The_token_is_the_variable_or_the_file_in_the_home()
    {
        Assert.Null(Read(("HF_HOME", _home)).Token);
        File.WriteAllText(Path.Combine(_home, "token"), "hf_file\n");
        Assert.Equal("hf_file", Read(("HF_HOME", _home)).Token);
        Assert.Equal("hf_variable", Read(("HF_HOME", _home), ("HF_TOKEN", " hf_variable\n")).Token);
        Assert.Null(Read(("HF_HOME", _home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
        File.WriteAllText(Path.Combine(_home, "other"), "hf_other");
        Assert.Equal("hf_other", Read(("HF_HOME", _home), ("HF_TOKEN_PATH", Path.Combine(_home, "other"))).Token);
    }

    [Theory]
    [InlineData("hf_é")]
    [InlineData("hf_\u0001")]
    public void A_malformed_token_is_refused_without_being_shown(string token)
    {
        string message = Assert.Throws<UsageException>(() => Read(("HF_TOKEN", token))).Message;
        Assert.StartsWith("HF_TOKEN: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("Yes", true)]
    [InlineData("on", true)]
    [InlineData("0", false)]
    [InlineData("", false)]
    [InlineData("no", false)]
    public void Offline_is_a_variable(string value, bool expected)
    {
        Assert.Equal(expected, Read(("HF_HUB_OFFLINE", value)).IsOffline);
        Assert.Equal(expected, Read(("TRANSFORMERS_OFFLINE", value)).IsOffline);
        Assert.Equal(!expected, Read(("HF_HUB_DISABLE_SYMLINKS", value)).UsesLinks);
    }

    [Fact]
    public void The_endpoint_is_an_address_of_the_web()
    {
        Assert.Equal("https://huggingface.co", Read().Endpoint);
        HubSettings settings = Read(("HF_ENDPOINT", "https://mirror.example:8443/hub/"));
        Assert.Equal(("https://mirror.example:8443/hub", "mirror.example:8443"), (settings.Endpoint, settings.Host));
        foreach (string wrong in new[] { "mirror.example", "file:///etc", "/x", "ftp://a" })
            Assert.Contains(wrong, Assert.Throws<UsageException>(() => Read(("HF_ENDPOINT", wrong))).Message);
    }
}
