using System.Globalization;

namespace EsimCse.Reports.Drawing;

/// <summary>A linear scale from values to the coordinates of a picture, with ticks at round numbers.</summary>
sealed class Axis
{
    const int IntervalsWanted = 5;
    const double SmallestPlain = 1e-3, LargestPlain = 1e6;

    /// <summary>The share of an interval by which rounding may move a value past a tick.</summary>
    const double Rounding = 1e-9;

    readonly double _min, _max, _from, _to, _interval;

    /// <summary>Creates a scale whose ends are ticks, around all finite values.</summary>
    /// <param name="values">The values to show.</param>
    /// <param name="from">The coordinate of the lower end.</param>
    /// <param name="to">The coordinate of the upper end.</param>
    public Axis(IEnumerable<double> values, double from, double to)
    {
        double[] finite = [.. values.Where(double.IsFinite).DefaultIfEmpty(0)];
        double min = finite.Min(), max = finite.Max();
        double size = Math.Max(Math.Abs(min), Math.Abs(max));
        double width = max - min;
        // One value, or several that only rounding keeps apart.
        if (width <= 1e-6 * size) width = size > 0 ? size : 1;
        _interval = RoundUp(width / IntervalsWanted);
        _min = Math.Floor(min / _interval + Rounding) * _interval;
        _max = Math.Ceiling(max / _interval - Rounding) * _interval;
        if (_max == _min) _max += _interval;
        (_from, _to) = (from, to);
    }

    /// <summary>The round numbers from end to end.</summary>
    public IEnumerable<double> Ticks
    {
        get
        {
            int intervals = (int)Math.Round((_max - _min) / _interval);
            return Enumerable.Range(0, intervals + 1).Select(i => _min + i * _interval);
        }
    }

    /// <summary>Returns the coordinate of a value.</summary>
    public double Map(double value) => _from + (value - _min) / (_max - _min) * (_to - _from);

    /// <summary>Returns the text of a tick.</summary>
    public string Format(double tick)
    {
        // Rounded to a digit of the interval: 3 × 0.1 is not 0.3.
        int decimals = Math.Max(0, -(int)Math.Floor(Math.Log10(_interval) + Rounding));
        if (Math.Abs(tick) < _interval / 2) return "0";
        double largest = Math.Max(Math.Abs(_min), Math.Abs(_max));
        bool isPlain = largest is >= SmallestPlain and < LargestPlain && decimals <= 6;
        return isPlain
            ? tick.ToString("F" + decimals, CultureInfo.InvariantCulture)
            : tick.ToString("0.####e0", CultureInfo.InvariantCulture);
    }

    /// <summary>Returns the least of 1, 2 and 5 times a power of ten that is not below a number.</summary>
    static double RoundUp(double number)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(number)));
        foreach (int digit in new[] { 1, 2, 5 })
            if (digit * power >= number * (1 - Rounding)) return digit * power;
        return 10 * power;
    }
}
