using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class JsonSettingsTests : IDisposable
{
    static readonly SettingKeys Open = new()
    {
        Honoured = ["flag", "size", "rate", "name", "part", "parts"],
        Harmless = ["note"],
        Refused = new Dictionary<string, string[]> { ["mode"] = ["\"plain\"", "0"], ["extra"] = [] },
    };

    readonly string _file = Path.GetTempFileName();

    JsonSettings Read(string json, SettingKeys? keys = null)
    {
        File.WriteAllText(_file, json);
        return JsonSettings.Read(_file, keys ?? Open);
    }

    void Refuses(string expected, Action action)
    {
        string message = Assert.Throws<InvalidInputException>(action).Message;
        Assert.Equal($"{_file}: {expected}", message);
    }

    [Fact]
    public void Values_are_read_by_type_and_null_is_absent()
    {
        JsonSettings settings = Read("""{"flag": true, "size": 3, "rate": 0.5, "name": "ä", "part": null}""");
        Assert.True(settings.Flag("flag"));
        Assert.Equal(3, settings.Integer("size", 1));
        Assert.Equal(0.5f, settings.Number("rate"));
        Assert.Equal("ä", settings.Text("name"));
        Assert.Null(settings.Object("part", Open));
        Assert.False(settings.Contains("part"));
        Assert.Empty(settings.Objects("parts", Open));
    }

    [Theory]
    [InlineData("{\"flag\": true, \"\\u0066lag\": true}", "flag: found twice, expected once")]
    [InlineData("{\"part\": {\"note\": 1, \"note\": 1}}", "part.note: found twice, expected once")]
    [InlineData("{\"part\": {\"size\": {\"a\": 1, \"a\": 1}}}", "part.size.a: found twice, expected once")]
    public void A_key_that_stands_there_twice_is_refused(string json, string expected) =>
        Refuses(expected, () => Read(json).Object("part", Open)!.IdsByName("size"));

    [Theory]
    [InlineData("\"yes\"")]
    [InlineData("1")]
    [InlineData("[]")]
    public void A_value_of_another_type_is_refused_with_its_place(string json)
    {
        string inner = "{\"flag\": " + json + "}";
        JsonSettings settings = Read("{\"part\": " + inner + ", \"parts\": [{}, " + inner + "]}");
        JsonSettings part = settings.Object("part", Open)!;
        Refuses($"part.flag: found {json}, expected true or false", () => part.Flag("flag"));
        JsonSettings second = settings.Objects("parts", Open).Last();
        Refuses($"parts[1].flag: found {json}, expected true or false", () => second.Flag("flag"));
    }

    [Fact]
    public void Numbers_outside_their_range_are_refused()
    {
        JsonSettings settings = Read("""{"size": 0, "rate": -1}""");
        Refuses("size: found 0, expected a positive whole number", () => settings.Integer("size", 1));
        Refuses("rate: found -1, expected a number that is not negative", () => settings.Number("rate"));
        JsonSettings huge = Read("""{"size": 99999999999, "rate": 1e300}""");
        Assert.Throws<InvalidInputException>(() => huge.Integer("size", 1));
        Assert.Throws<InvalidInputException>(() => huge.Number("rate"));
    }

    [Fact]
    public void A_refused_key_is_named_unless_its_value_changes_nothing()
    {
        Assert.NotNull(Read("""{"mode": "plain", "extra": null, "note": 7, "unknown": {}}"""));
        Assert.NotNull(Read("""{"mode": 0}"""));
        Refuses("mode: found \"other\", not supported, expected \"plain\" or 0", () => Read("""{"mode": "other"}"""));
        Refuses("extra: found 1, not supported, expected null", () => Read("""{"extra": 1}"""));
    }

    [Fact]
    public void A_closed_list_refuses_unknown_keys()
    {
        SettingKeys closed = new() { Honoured = ["type"], IsClosed = true };
        Assert.NotNull(Read("""{"type": 1, "other": null}""", closed));
        Refuses("other: found 1, a key that is not known, expected type", () => Read("""{"other": 1}""", closed));
    }

    [Fact]
    public void Long_values_are_quoted_in_part()
    {
        string message = Assert.Throws<InvalidInputException>(() =>
            Read($$"""{"mode": "{{new string('x', 9000)}}"}""")).Message;
        Assert.InRange(message.Length, 60, 300);
    }

    public void Dispose() => File.Delete(_file);
}
