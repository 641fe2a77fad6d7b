using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using EsimCse.Core.Text;

namespace EsimCse.Cli;

/// <summary>
/// Input that may pause, such as the pipe of a program that waits for an answer before it writes the next line.
/// </summary>
static class PausingInput
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Returns rows in chunks of at most <paramref name="size"/>; a chunk ends too where no row follows within 50 ms of
    /// its first one.
    /// </summary>
    /// <remarks>A thread reads ahead, by one chunk at most.</remarks>
    public static IEnumerable<SentenceRow[]> Chunk(
        IEnumerable<SentenceRow> rows, int size, CancellationToken cancellation)
    {
        BlockingCollection<SentenceRow> read = new(size);
        ExceptionDispatchInfo? failure = null;
        // A background thread: a read of standard input cannot be cancelled.
        new Thread(ReadAll) { IsBackground = true }.Start();
        while (read.TryTake(out SentenceRow first, Timeout.Infinite, cancellation))
        {
            List<SentenceRow> chunk = [first];
            long end = Environment.TickCount64 + (long)Pause.TotalMilliseconds;
            while (chunk.Count < size && read.TryTake(out SentenceRow next, Remaining(end), cancellation))
                chunk.Add(next);
            yield return [.. chunk];
        }
        failure?.Throw();

        void ReadAll()
        {
            try
            {
                foreach (SentenceRow row in rows) read.Add(row, cancellation);
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
            read.CompleteAdding();
        }
    }

    static int Remaining(long end) => (int)Math.Max(0, end - Environment.TickCount64);
}
