namespace EsimCse.Tests.Conventions;

static class Violations
{
    /// <summary>Fails with every violation on a line of its own where there are any.</summary>
    public static void None(IEnumerable<string> violations)
    {
        string[] found = [.. violations];
        Assert.True(found.Length == 0, $"{found.Length} found:\n{string.Join('\n', found)}");
    }
}
