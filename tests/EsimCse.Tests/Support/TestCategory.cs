namespace EsimCse.Tests.Support;

/// <summary>The trait that selects tests: <c>[Trait(TestCategory.Name, TestCategory.Exhaustive)]</c>.</summary>
static class TestCategory
{
    /// <summary>Name of the trait.</summary>
    public const string Name = "Category";

    /// <summary>
    /// Value for sweeps over every shape, seed and type. <c>dotnet test</c> excludes them (see EsimCse.Tests.csproj);
    /// <c>dotnet test -p:Exhaustive=true</c>, which CI runs, includes them.
    /// </summary>
    public const string Exhaustive = "Exhaustive";
}
