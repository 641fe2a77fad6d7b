using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EsimCse.Core;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>The command <c>search</c>.</summary>
static class SearchCommand
{
    /// <summary>Queries that are searched for in one pass over the vectors.</summary>
    const int QueriesOfPass = 1024;

    const int DefaultTop = 10;

    public static Command Create()
    {
        Argument<string> index = new("INDEX") { Description = "The folder that index wrote." };
        Argument<string> model = CommonOptions.Model();
        Argument<string[]> queries = new("QUERY")
        {
            Description = "The texts to search for.",
            Arity = new ArgumentArity(0, 100_000),
        };
        Option<string?> file = new("--queries") { Description = "A file of queries, or - for standard input." };
        Option<string?> column = CommonOptions.Column();
        Option<int?> top = CommonOptions.Number("--top", $"Rows to show for a query; by default {DefaultTop}.", 1);
        Option<double?> threshold = Threshold();
        Option<bool> json = new("--json") { Description = "Prints an object for each query, one a line." };
        Command command = new("search", "Finds the rows of an index that are nearest to queries.")
        {
            index, model, queries, file, column, top, threshold, json,
        };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            IEnumerable<string> texts = Queries(
                parsed.GetValue(queries)!, parsed.GetValue(file), parsed.GetValue(column));
            DeviceChoice choice = device(parsed);
            using VectorIndex vectors = VectorIndex.Open(parsed.GetValue(index)!, choice);
            using SentenceEncoder encoder =
                CommonOptions.Load(parsed.GetValue(model)!, new EncoderOptions { Device = choice }, stop);
            CommonOptions.RequireDimension(vectors, parsed.GetValue(index)!, encoder, parsed.GetValue(model)!);
            Action<string, IReadOnlyList<SearchResult>> print = parsed.GetValue(json) ? WriteJson : WriteTable;
            foreach (string[] part in texts.Chunk(QueriesOfPass))
            {
                IReadOnlyList<IReadOnlyList<SearchResult>> found = vectors.Search(
                    encoder.Encode(part, stop),
                    parsed.GetValue(top) ?? DefaultTop,
                    parsed.GetValue(threshold) ?? double.NegativeInfinity,
                    encoder.SimilarityFunction,
                    stop);
                for (int i = 0; i < part.Length; i++) print(part[i], found[i]);
            }
            CommonOptions.ReportTruncated(encoder);
        });
        return command;
    }

    static Option<double?> Threshold()
    {
        const string name = "--threshold";
        return new(name)
        {
            Description = "Leaves out rows with a lower similarity.",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = Parse,
        };

        static double? Parse(ArgumentResult result)
        {
            string text = result.Tokens[^1].Value;
            bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
            if (isNumber && double.IsFinite(value)) return value;
            result.AddError($"{name}: found {text}, expected a number");
            return null;
        }
    }

    static IEnumerable<string> Queries(string[] given, string? file, string? column)
    {
        if (file is null && given.Length == 0)
            throw new UsageException("QUERY: found none, expected one, or --queries");
        if (file is not null && given.Length > 0)
            throw new UsageException($"--queries {file}: found {given.Length} queries more, expected one of the two");
        if (file is not null) return TextInputs.Create(file).Read(column).Select(row => row.Text);
        if (column is not null) throw new UsageException($"--column {column}: found no --queries, whose column it is");
        return given;
    }

    static void WriteJson(string query, IReadOnlyList<SearchResult> results) =>
        JsonLine.Write(Console.OpenStandardOutput(), json =>
        {
            json.WriteStartObject();
            json.WriteString("query", query);
            json.WriteStartArray("results");
            foreach (SearchResult result in results)
            {
                json.WriteStartObject();
                json.WriteNumber("row", result.Row);
                json.WriteNumber("score", result.Score);
                if (result.Text is not null) json.WriteString("text", result.Text);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });

    static void WriteTable(string query, IReadOnlyList<SearchResult> results)
    {
        Console.WriteLine(query);
        foreach (SearchResult result in results)
        {
            string score = result.Score.ToString("F4", CultureInfo.InvariantCulture);
            string row = result.Row.ToString(CultureInfo.InvariantCulture);
            Console.WriteLine($"{score,10}  {row,9}  {result.Text}".TrimEnd());
        }
    }
}
