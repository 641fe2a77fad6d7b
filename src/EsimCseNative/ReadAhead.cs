using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace EsimCseNative;

/// <summary>
/// Enumerates a stage of a pipeline on a thread of its own, in order and a limited number of items ahead.
/// </summary>
static class ReadAhead
{
    /// <summary>Returns the items in order. An error of the source comes after the items before it.</summary>
    /// <param name="source">The items, enumerated on the thread.</param>
    /// <param name="capacity">Items ahead at most.</param>
    /// <param name="end">Ends all stages of the pipeline; cancelled here if the enumeration ends early.</param>
    /// <param name="waits">
    /// Whether the end of the enumeration waits for the thread's, so that what the source uses can be disposed of. A
    /// source that waits for input may not end.
    /// </param>
    public static IEnumerable<T> Run<T>(
        IEnumerable<T> source, int capacity, CancellationTokenSource end, bool waits)
    {
        // Not disposed of: the thread may outlive the enumeration.
        BlockingCollection<T> items = new(capacity);
        ExceptionDispatchInfo? error = null;
        Thread thread = new(ReadAll) { IsBackground = true, Name = "embedding" };
        thread.Start();
        bool isComplete = false;
        try
        {
            foreach (T item in items.GetConsumingEnumerable(end.Token)) yield return item;
            isComplete = true;
        }
        finally
        {
            if (!isComplete) end.Cancel();
            if (waits) thread.Join();
        }
        error?.Throw();

        void ReadAll()
        {
            try
            {
                foreach (T item in source) items.Add(item, end.Token);
            }
            catch (Exception failure)
            {
                error = ExceptionDispatchInfo.Capture(failure);
            }
            items.CompleteAdding();
        }
    }
}
