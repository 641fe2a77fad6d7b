using System.Globalization;
using System.Xml.Linq;

namespace EsimCse.Reports;

/// <summary>A table of the page, which scrolls sideways where the screen is narrow.</summary>
sealed class HtmlTable
{
    readonly XElement _table;
    readonly XElement _body = new("tbody", "");
    readonly string _caption;

    /// <param name="caption">The caption.</param>
    /// <param name="columns">The names of the columns; those after a <c>#</c> are of numbers.</param>
    public HtmlTable(string caption, IEnumerable<string> columns)
    {
        _caption = caption;
        XElement names = new("tr", columns.Select(Header));
        _table = new XElement("table", new XElement("caption", caption), new XElement("thead", names), _body);
    }

    /// <summary>Adds a row, whose first cell is its name.</summary>
    public void Add(string name, params IEnumerable<XElement> cells) =>
        _body.Add(new XElement("tr", new XElement("th", new XAttribute("scope", "row"), name), cells));

    /// <summary>Returns the finished table. A reader can reach and scroll it by the keyboard.</summary>
    public XElement ToElement() => new(
        "div",
        new XAttribute("class", "scroll"),
        new XAttribute("role", "region"),
        new XAttribute("tabindex", "0"),
        new XAttribute("aria-label", _caption),
        _table);

    /// <summary>Returns a cell of text.</summary>
    public static XElement Text(string text) => new("td", text);

    /// <summary>Returns a cell of a number as it is in metrics.jsonl; of nothing for NaN.</summary>
    public static XElement Exact(double number) =>
        Number(double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "");

    /// <summary>Returns a cell of a rounded number, which holds the exact one too; – for NaN.</summary>
    public static XElement Rounded(double number, string format, double scale = 1) =>
        Number(Data(number, format, scale));

    /// <summary>Returns a cell of a mean and, where there is one, its deviation.</summary>
    public static XElement Rounded(Statistic statistic, string format, double scale = 1)
    {
        XElement cell = Number(Data(statistic.Mean, format, scale));
        if (double.IsFinite(statistic.Deviation)) cell.Add(" ± ", Data(statistic.Deviation, format, scale));
        return cell;
    }

    static XElement Number(object content) => new("td", new XAttribute("class", "number"), content);

    static object Data(double number, string format, double scale)
    {
        if (!double.IsFinite(number)) return "–";
        string text = (scale * number).ToString(format, CultureInfo.InvariantCulture);
        return new XElement("data", new XAttribute("value", number.ToString("R", CultureInfo.InvariantCulture)), text);
    }

    static XElement Header(string name)
    {
        XElement header = new("th", new XAttribute("scope", "col"), name.TrimStart('#'));
        if (name.StartsWith('#')) header.Add(new XAttribute("class", "number"));
        return header;
    }
}
