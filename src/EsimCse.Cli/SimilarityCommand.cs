using System.CommandLine;
using System.Globalization;
using EsimCse.Core.Evaluation;
using EsimCseNative;

namespace EsimCse.Cli;

static class SimilarityCommand
{
    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "The model folder." };
        Argument<string[]> sentences = new("SENTENCE") { Description = "Two sentences or more.", Arity = new ArgumentArity(1, 100_000) };
        sentences.Validators.Add(result =>
        {
            if (result.Tokens.Count < 2) result.AddError("SENTENCE: found 1, expected 2 or more");
        });
        Option<string?> pooler = CommonOptions.Pooler("Replaces the folder's pooling.");
        Option<bool> json = new("--json") { Description = "The matrix as JSON." };
        Command command = new("similarity", "Prints the cosines of sentences with each other.") { model, sentences, pooler, json };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            using SentenceEncoder encoder = CommonOptions.Open(parsed.GetValue(model)!, new() { Pooler = CommonOptions.PoolerOf(parsed.GetValue(pooler)), Device = device(parsed), Say = CommonOptions.Say });
            float[][] vectors = encoder.Encode(parsed.GetValue(sentences)!, stop);
            string[] rows = [.. vectors.Select(row => string.Join(parsed.GetValue(json) ? "," : "  ", vectors.Select(column => Text(SetScore.Cosine(row, column), parsed.GetValue(json)))))];
            Console.WriteLine(parsed.GetValue(json) ? $"[[{string.Join("],[", rows)}]]" : string.Join('\n', rows));
            CommonOptions.ReportTruncated(encoder);
        });
        return command;
    }

    static string Text(double cosine, bool whole) => whole ? cosine.ToString("R", CultureInfo.InvariantCulture) : cosine.ToString("F4", CultureInfo.InvariantCulture).PadLeft(7);
}
