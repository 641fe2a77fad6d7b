using System.Diagnostics;
using System.Globalization;

namespace EsimCse.Cli;

/// <summary>Shows rows, rate and the time left of index while it builds a graph.</summary>
/// <param name="rows">Number of all rows.</param>
sealed class IndexProgress(long rows) : IDisposable
{
    readonly StatusLine _line = new();
    readonly Stopwatch _time = new();

    /// <summary>Shows a line where one is due.</summary>
    /// <param name="added">Number of rows that the graph has.</param>
    public void Show(long added)
    {
        if (!_time.IsRunning)
        {
            _time.Start();
            _line.Wait();
        }
        else if (_line.IsDue && added > 0)
        {
            _line.Show(Describe(added, _time.Elapsed));
        }
    }

    /// <summary>Returns the line for the time that a number of rows took.</summary>
    public string Describe(long added, TimeSpan elapsed)
    {
        double rate = added / elapsed.TotalSeconds;
        // A node's search for its neighbors takes longer the more nodes there are: the rest is a little underestimated.
        TimeSpan left = elapsed * ((double)(rows - added) / added);
        double percent = 100.0 * added / rows;
        string done = string.Create(CultureInfo.InvariantCulture, $"graph: {added}/{rows} rows  {rate:F0} rows/s");
        return string.Create(CultureInfo.InvariantCulture, $"{done}  {percent:F0} %  {StatusLine.Clock(left)} left");
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();
}
