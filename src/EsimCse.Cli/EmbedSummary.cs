using System.Diagnostics;
using System.Globalization;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>Counts what a command embeds, and says so at its end.</summary>
/// <param name="writesJson">Whether the summary is a JSON object.</param>
/// <param name="outputIsFree">Whether standard output holds nothing else: the object goes there then.</param>
sealed class EmbedSummary(bool writesJson, bool outputIsFree)
{
    readonly Stopwatch _time = Stopwatch.StartNew();
    long _rows, _tokensBefore, _truncatedBefore;

    /// <summary>Counts rows as they are read.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="progress">Shows the count; null for none.</param>
    public IEnumerable<SentenceRow> Count(IEnumerable<SentenceRow> rows, EmbedProgress? progress)
    {
        using (progress)
            foreach (SentenceRow row in rows)
            {
                _rows++;
                progress?.Add(row);
                yield return row;
            }
    }

    /// <summary>Leaves out the tokens that an encoder has counted so far.</summary>
    public void SkipSoFar(SentenceEncoder encoder)
    {
        _tokensBefore = encoder.Tokens;
        _truncatedBefore = encoder.Truncated;
    }

    /// <summary>Writes the object to standard output, or to standard error, as the line for people.</summary>
    public void Write(SentenceEncoder encoder)
    {
        double seconds = _time.Elapsed.TotalSeconds;
        if (writesJson) WriteJson(encoder, seconds);
        else Console.Error.WriteLine(Line(encoder, seconds));
    }

    string Line(SentenceEncoder encoder, double seconds)
    {
        string counts = $"{_rows} rows, {Tokens(encoder)} tokens, {Truncated(encoder)} truncated";
        string rate = string.Create(CultureInfo.InvariantCulture, $"{seconds:F1} s, {_rows / seconds:F0} rows/s");
        return $"{counts}; {rate}; {encoder.Device}";
    }

    long Tokens(SentenceEncoder encoder) => encoder.Tokens - _tokensBefore;

    /// <summary>Returns the number of rows that were truncated.</summary>
    public long Truncated(SentenceEncoder encoder) => encoder.Truncated - _truncatedBefore;

    void WriteJson(SentenceEncoder encoder, double seconds)
    {
        Stream output = outputIsFree ? Console.OpenStandardOutput() : Console.OpenStandardError();
        JsonLine.Write(output, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("rows", _rows);
            json.WriteNumber("tokens", Tokens(encoder));
            json.WriteNumber("truncated", Truncated(encoder));
            json.WriteNumber("seconds", seconds);
            json.WriteNumber("rows_per_second", _rows / seconds);
            json.WriteString("device", encoder.Device);
            json.WriteEndObject();
        });
    }
}
