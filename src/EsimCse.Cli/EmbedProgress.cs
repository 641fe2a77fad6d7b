using System.Diagnostics;
using System.Globalization;
using EsimCse.Core.Text;

namespace EsimCse.Cli;

/// <summary>Shows rows, rate and the time left of embed while it works.</summary>
/// <param name="totalBytes">The size of all inputs; 0 where it is not known, which leaves out the time.</param>
sealed class EmbedProgress(long totalBytes) : IDisposable
{
    readonly StatusLine _line = new();
    readonly Stopwatch _time = Stopwatch.StartNew();
    long _rows, _offset, _bytesBefore;
    long? _firstBytes;

    /// <summary>Counts a row, and shows a line where one is due.</summary>
    public void Add(SentenceRow row)
    {
        if (_rows++ == 0) _line.Wait();
        // A smaller offset is that of the next file.
        if (row.Offset < _offset) _bytesBefore += _offset;
        _offset = row.Offset;
        _firstBytes ??= _bytesBefore + _offset;
        if (_line.IsDue) _line.Show(Describe(_time.Elapsed));
    }

    /// <summary>Returns the line for the time that the rows took.</summary>
    public string Describe(TimeSpan elapsed)
    {
        double rate = _rows / elapsed.TotalSeconds;
        string rows = string.Create(CultureInfo.InvariantCulture, $"{_rows} rows  {rate:F0} rows/s");
        long bytes = _bytesBefore + _offset;
        long done = bytes - _firstBytes!.Value;
        if (totalBytes == 0 || done <= 0) return rows;
        TimeSpan left = elapsed * ((double)Math.Max(0, totalBytes - bytes) / done);
        double percent = Math.Min(100, 100.0 * bytes / totalBytes);
        return string.Create(CultureInfo.InvariantCulture, $"{rows}  {percent:F0} %  {StatusLine.Clock(left)} left");
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();
}
