using EsimCse.Core.Backend;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class SnapshotTests
{
    const int Columns = 8, MatrixBytes = 256;

    [Theory]
    [InlineData(long.MaxValue, true)]
    [InlineData(MatrixBytes, false)]
    public void The_content_is_written_as_it_was_when_it_was_taken(long largestAllocation, bool isCopy)
    {
        using SimulatedDevice device = new() { LargestAllocation = largestAllocation };
        using Arena arena = new(device);
        arena.Reset(MatrixBytes);
        Matrix matrix = arena.Allocate(1, Columns);
        float[] taken = [1, 2, 3, 4, 5, 6, 7, 8], written = new float[Columns];
        device.Upload<float>(taken, matrix);
        using ManualResetEventSlim isOverwritten = new();
        BackgroundWriter writer = new("test");
        using Snapshot snapshot = new(device, writer);

        Assert.Equal(isCopy, snapshot.Take([("x", matrix)]));
        snapshot.Write((reader, matrices) =>
        {
            if (isCopy) isOverwritten.Wait(TestContext.Current.CancellationToken);
            reader.Read(matrices.Single().Matrix, written.AsSpan());
        });
        device.Upload<float>(new float[Columns], matrix);
        isOverwritten.Set();
        writer.Dispose();
        Assert.Equal(taken, written);
    }

    [Fact]
    public void Later_content_is_taken_when_the_earlier_is_written()
    {
        using SimulatedDevice device = new();
        using Arena arena = new(device);
        arena.Reset(MatrixBytes);
        Matrix matrix = arena.Allocate(1, Columns);
        List<float> written = [];
        BackgroundWriter writer = new("test");
        using Snapshot snapshot = new(device, writer);
        const int count = 50;
        for (int i = 0; i < count; i++)
        {
            device.Upload<float>(Enumerable.Repeat((float)i, Columns).ToArray(), matrix);
            snapshot.Take([("x", matrix)]);
            snapshot.Write((reader, matrices) =>
            {
                Thread.Yield();
                float[] values = new float[Columns];
                reader.Read(matrices.Single().Matrix, values.AsSpan());
                written.AddRange(values.Distinct());
            });
        }
        writer.Dispose();
        Assert.Equal(Enumerable.Range(0, count).Select(i => (float)i), written);
    }

    [Fact]
    public void After_an_error_nothing_more_is_written_and_later_calls_report_it()
    {
        using BackgroundWriter writer = new("test");
        int runs = 0;
        writer.Enqueue(() => throw new IOException("first"));
        Assert.Equal("first", Assert.Throws<IOException>(() => Enqueue(2)).Message);
        Assert.Throws<IOException>(writer.Flush);
        Assert.Throws<IOException>(writer.ThrowIfFailed);
        Assert.Equal(0, runs);

        void Enqueue(int times)
        {
            for (int i = 0; i < times; i++) writer.Enqueue(() => runs++);
            writer.Flush();
        }
    }
}
