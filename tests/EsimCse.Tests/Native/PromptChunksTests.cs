using System.Collections.Concurrent;
using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Tests.Native;

public class PromptChunksTests
{
    static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    static SentenceRow Row(int line) => new($"sentence {line}", new(File: null, line));

    static IEnumerable<SentenceRow[]> Read(
        IEnumerable<SentenceRow> rows, int size, CancellationToken stop = default) =>
        PromptChunks.Read(rows, size, TimeSpan.FromMilliseconds(50), stop).Select(chunk => chunk.Rows.ToArray());

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(10_000)]
    public void All_rows_come_in_order_and_chunks_are_never_larger_than_asked_for(int count)
    {
        SentenceRow[] rows = [.. Enumerable.Range(1, count).Select(Row)];
        SentenceRow[][] chunks = [.. Read(rows, 10)];
        Assert.All(chunks, chunk => Assert.InRange(chunk.Length, 1, 10));
        Assert.Equal(rows, chunks.SelectMany(chunk => chunk));
    }

    [Fact]
    public void A_row_is_given_while_the_next_is_waited_for()
    {
        using BlockingCollection<SentenceRow> input = [];
        using CancellationTokenSource limit = new(Long);
        using var chunks = Read(input.GetConsumingEnumerable(limit.Token), 2048, limit.Token).GetEnumerator();
        for (int line = 1; line <= 5; line++)
        {
            input.Add(Row(line));
            Assert.True(chunks.MoveNext());
            Assert.Equal([Row(line)], chunks.Current);
        }
        input.CompleteAdding();
        Assert.False(chunks.MoveNext());
    }

    [Fact]
    public void Rows_are_read_ahead_by_a_chunk_and_no_further()
    {
        int read = 0;
        IEnumerable<SentenceRow> Count()
        {
            for (int line = 1; line <= 1000; line++)
            {
                Volatile.Write(ref read, line);
                yield return Row(line);
            }
        }
        foreach (SentenceRow[] chunk in Read(Count(), 8))
            Assert.InRange(Volatile.Read(ref read), 1, chunk[^1].Place.Line + 8 + 1);
    }

    [Fact]
    public void An_error_comes_after_the_rows_before_it()
    {
        static IEnumerable<SentenceRow> Fail()
        {
            yield return Row(1);
            yield return Row(2);
            throw new InvalidInputException("line 3");
        }
        List<SentenceRow> rows = [];
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
        {
            foreach (SentenceRow[] chunk in Read(Fail(), 2048)) rows.AddRange(chunk);
        });
        Assert.Equal("line 3", error.Message);
        Assert.Equal([Row(1), Row(2)], rows);
    }

    [Fact]
    public void Cancellation_ends_the_wait_for_rows()
    {
        using BlockingCollection<SentenceRow> input = [];
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(20));
        Assert.Throws<OperationCanceledException>(
            () => Read(input.GetConsumingEnumerable(), 8, stop.Token).Count());
        input.CompleteAdding();
    }
}
