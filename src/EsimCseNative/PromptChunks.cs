using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using EsimCse.Core.Text;

namespace EsimCseNative;

/// <summary>
/// Chunks of rows that arrive one by one: a chunk ends when it is full, when no row follows for a while, or when its
/// first row has waited long enough. A thread reads the rows of the next chunk meanwhile.
/// </summary>
static class PromptChunks
{
    /// <summary>The time without a row after which the input is taken to pause.</summary>
    const int PauseMilliseconds = 5;

    /// <summary>Rows that are answered together at most.</summary>
    const int DefaultSize = 2048;

    /// <summary>The time for which a row waits for others at most.</summary>
    static readonly TimeSpan DefaultWait = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns the chunks in order, of up to 2048 rows that wait for up to 50 ms.</summary>
    /// <inheritdoc cref="Read(IEnumerable{SentenceRow}, int, TimeSpan, CancellationToken)"/>
    public static IEnumerable<RowChunk> Read(IEnumerable<SentenceRow> rows, CancellationToken stop) =>
        Read(rows, DefaultSize, DefaultWait, stop);

    /// <summary>
    /// Returns the chunks in order; one after which no row has arrived yet is urgent. After an error of the rows those
    /// before it come first.
    /// </summary>
    /// <param name="rows">The rows, enumerated on a thread of their own.</param>
    /// <param name="size">Rows of a chunk at most, and rows read ahead at most.</param>
    /// <param name="maxWait">The time for which a row waits for others at most.</param>
    /// <param name="stop">Ends the wait for rows.</param>
    public static IEnumerable<RowChunk> Read(
        IEnumerable<SentenceRow> rows, int size, TimeSpan maxWait, CancellationToken stop)
    {
        // Not disposed of: the reader may still wait for input when the enumeration ends early.
        BlockingCollection<SentenceRow> arrived = new(size);
        CancellationTokenSource end = new();
        ExceptionDispatchInfo? error = null;
        Thread reader = new(ReadAll) { IsBackground = true, Name = "input" };
        reader.Start();
        try
        {
            while (arrived.TryTake(out SentenceRow first, Timeout.Infinite, stop))
                yield return TakeChunk(arrived, first, size, maxWait, stop);
        }
        finally
        {
            end.Cancel();
        }
        error?.Throw();

        void ReadAll()
        {
            try
            {
                foreach (SentenceRow row in rows) arrived.Add(row, end.Token);
            }
            catch (Exception failure)
            {
                error = ExceptionDispatchInfo.Capture(failure);
            }
            arrived.CompleteAdding();
        }
    }

    static RowChunk TakeChunk(
        BlockingCollection<SentenceRow> arrived,
        SentenceRow first,
        int size,
        TimeSpan maxWait,
        CancellationToken stop)
    {
        List<SentenceRow> chunk = [first];
        long deadline = Environment.TickCount64 + (long)maxWait.TotalMilliseconds;
        while (chunk.Count < size)
        {
            long left = Math.Clamp(deadline - Environment.TickCount64, 0, PauseMilliseconds);
            if (!arrived.TryTake(out SentenceRow row, (int)left, stop)) break;
            chunk.Add(row);
        }
        return new RowChunk(chunk, IsUrgent: arrived.Count == 0);
    }
}
