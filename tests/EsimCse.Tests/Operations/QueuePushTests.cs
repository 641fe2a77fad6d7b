using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class QueuePushTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_queue_is_a_ring_of_the_newest_rows(string device)
    {
        using IBackend backend = Backends.Create(device);
        const int size = 5;
        int width = Backends.Takes(device, 2) ? 2 : 8;
        using GuardedMatrix counters = new(backend, 1, 4, new int[4]), scalars = new(backend, 1, 4, new double[4]), queue = new(backend, size, width);
        List<double[]> expected = [];
        foreach ((int count, int number) in new[] { (3, 10), (0, 0), (3, 20), (9, 30), (5, 50), (1, 60) })
        {
            double[][] rows = [.. Enumerable.Range(0, count).Select(row => (double[])[.. Enumerable.Range(0, width).Select(column => (double)(number + row) * 100 + column)])];
            using GuardedMatrix pushed = new(backend, count, width, [.. rows.SelectMany(row => row)]);
            backend.QueuePush(pushed, queue, new StepState(counters, scalars));
            expected = QueuePush.Of(expected, rows, size);
            int[] state = new int[4];
            backend.Download(counters.Matrix, state.AsSpan());
            Assert.Equal(expected.Count, state[StepState.QueueCount]);
            // Oldest first: from the head on once the ring is full.
            int start = expected.Count < size ? 0 : state[StepState.QueueHead];
            Assert.Equal(expected.SelectMany(row => row), Enumerable.Range(0, expected.Count).SelectMany(i => queue.Values[((start + i) % size * width)..(((start + i) % size + 1) * width)]));
        }
    }
}
