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
        int width = Backends.SupportsWidth(device, 2) ? 2 : 8;
        using QueueCase queue = new(Backends.Create(device), capacity: 5, width);
        foreach ((int count, int firstValue) in new[] { (3, 10), (0, 0), (3, 20), (9, 30), (5, 50), (1, 60) })
        {
            queue.Push(count, firstValue);
            Assert.Equal(queue.Expected.Count, queue.Count);
            Assert.Equal(queue.Expected.SelectMany(row => row), queue.OldestFirst());
        }
    }

    sealed class QueueCase : OperationCase
    {
        readonly int _capacity;
        readonly int _width;
        readonly TrainingState _state;
        readonly GuardedMatrix _queue;

        public QueueCase(IBackend backend, int capacity, int width) : base(backend)
        {
            _capacity = capacity;
            _width = width;
            _state = Own(new TrainingState(backend));
            _queue = Result(capacity, width);
        }

        /// <summary>The rows of the reference, oldest first.</summary>
        public List<double[]> Expected { get; private set; } = [];

        public int Count => _state.Counters.Integers[StepState.QueueCount];

        /// <summary>Pushes rows with the values 100 (firstValue + row) + column.</summary>
        public void Push(int count, int firstValue)
        {
            double[][] rows = [.. Enumerable.Range(firstValue, count).Select(Row)];
            using GuardedMatrix pushed = new(_backend, count, _width, [.. rows.SelectMany(row => row)]);
            _backend.QueuePush(pushed, _queue, _state);
            Expected = QueuePush.Compute(Expected, rows, _capacity);
        }

        /// <summary>Returns the rows on the device, from the head on once the ring is full.</summary>
        public IEnumerable<double> OldestFirst()
        {
            double[][] rows = [.. _queue.Values.Chunk(_width)];
            int oldest = Count < _capacity ? 0 : _state.Counters.Integers[StepState.QueueHead];
            return Enumerable.Range(0, Count).SelectMany(i => rows[(oldest + i) % _capacity]);
        }

        double[] Row(int value) => [.. Enumerable.Range(0, _width).Select(column => value * 100.0 + column)];
    }
}
