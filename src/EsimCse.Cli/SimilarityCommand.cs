using System.CommandLine;
using System.Globalization;
using EsimCse.Core;
using EsimCseNative;

namespace EsimCse.Cli;

static class SimilarityCommand
{
    public static Command Create()
    {
        Argument<string> model = CommonOptions.Model();
        Argument<string[]> sentences = Sentences();
        Option<string?> pooler = CommonOptions.Pooler("Replaces the folder's pooling.");
        Option<bool> json = new("--json") { Description = "Prints the matrix as JSON." };
        const string description = "Prints the similarities of sentences, by default cosines, with each other.";
        Command command = new("similarity", description)
        {
            model, sentences, pooler, json,
        };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            EncoderOptions options = new()
            {
                Pooler = CommonOptions.ParsePooler(parsed.GetValue(pooler)),
                Device = device(parsed),
            };
            using SentenceEncoder encoder = CommonOptions.Load(parsed.GetValue(model)!, options, stop);
            float[][] vectors = encoder.Encode(parsed.GetValue(sentences)!, stop);
            double[][] matrix = Compare(encoder.SimilarityFunction, vectors);
            Console.WriteLine(parsed.GetValue(json) ? ToJson(matrix) : ToTable(matrix));
            CommonOptions.ReportTruncated(encoder);
        });
        return command;
    }

    static Argument<string[]> Sentences()
    {
        Argument<string[]> sentences = new("SENTENCE")
        {
            Description = "Two sentences or more.",
            Arity = new ArgumentArity(1, 100_000),
        };
        sentences.Validators.Add(result =>
        {
            if (result.Tokens.Count < 2) result.AddError("SENTENCE: found 1, expected 2 or more");
        });
        return sentences;
    }

    static string ToJson(double[][] matrix)
    {
        IEnumerable<string> rows = matrix.Select(row => string.Join(",", row.Select(FullDigits)));
        return $"[[{string.Join("],[", rows)}]]";

        static string FullDigits(double similarity) => similarity.ToString("R", CultureInfo.InvariantCulture);
    }

    static string ToTable(double[][] matrix)
    {
        return string.Join('\n', matrix.Select(row => string.Join("  ", row.Select(FourDigits))));

        static string FourDigits(double similarity) =>
            similarity.ToString("F4", CultureInfo.InvariantCulture).PadLeft(7);
    }

    static double[][] Compare(SimilarityFunction function, float[][] vectors) =>
        [.. vectors.Select(row => vectors.Select(column => Similarity.Compute(function, row, column)).ToArray())];
}
