namespace EsimCse.Tests.Reference;

static class QueuePush
{
    /// <summary>The newest rows, oldest first: those held and those that join, the last so many of them.</summary>
    public static List<double[]> Of(IEnumerable<double[]> held, IEnumerable<double[]> joining, int size) => [.. held.Concat(joining).TakeLast(size)];
}
