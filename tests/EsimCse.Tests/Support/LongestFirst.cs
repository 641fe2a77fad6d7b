using EsimCse.Tests.Cuda;
using EsimCse.Tests.Golden;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(EsimCse.Tests.Support.LongestFirst))]

namespace EsimCse.Tests.Support;

/// <summary>Starts the collections that take longest first, so that none is left alone at the end.</summary>
sealed class LongestFirst : ITestCollectionOrderer
{
    static readonly string[] Long =
        [typeof(RecordedTrainingTests).FullName!, "cuda", typeof(TrafficTests).FullName!];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Rank(collection.TestCollectionDisplayName))];

    static int Rank(string collection)
    {
        // A class without a collection has one of its own, named after it.
        int rank = Array.FindIndex(Long, name => $"{collection} ".Contains($"{name} ", StringComparison.Ordinal));
        return rank < 0 ? Long.Length : rank;
    }
}
