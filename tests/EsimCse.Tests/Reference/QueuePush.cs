namespace EsimCse.Tests.Reference;

static class QueuePush
{
    /// <summary>Returns the newest `capacity` rows, oldest first.</summary>
    public static List<double[]> Compute(IEnumerable<double[]> queue, IEnumerable<double[]> rows, int capacity) =>
        [.. queue.Concat(rows).TakeLast(capacity)];
}
