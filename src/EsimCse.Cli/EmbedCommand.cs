using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Cli;

static class EmbedCommand
{
    /// <summary>Sentences that are read, embedded and written together.</summary>
    const int ChunkSize = 2048;

    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "The model folder." };
        Argument<string> input = new("INPUT") { Description = "A file of sentences, or - for standard input.", DefaultValueFactory = _ => "-" };
        Option<string> output = new Option<string>("--output") { Description = "FILE.npy, FILE.jsonl, or - for standard output.", DefaultValueFactory = _ => "-" }
            .Checked(value => value == "-" || Path.GetExtension(value) is ".npy" or ".jsonl", "FILE.npy, FILE.jsonl or -");
        Option<string?> pooler = CommonOptions.Pooler("Replaces the folder's pooling.");
        Option<bool?> normalize = CommonOptions.Flag("--normalize", "Replaces the folder's normalisation.");
        Option<int?> maxLength = CommonOptions.MaxLength("Tokens of a sentence; the folder's own by default.");
        Option<string?> column = new("--column") { Description = "The column of csv, tsv and jsonl files." };
        Command command = new("embed", "Writes the vector of each line.") { model, input, output, pooler, normalize, maxLength, column };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            EncoderOptions options = new()
            {
                Pooler = CommonOptions.PoolerOf(parsed.GetValue(pooler)),
                Normalize = parsed.GetValue(normalize),
                MaxLength = parsed.GetValue(maxLength),
                Device = device(parsed),
                Say = CommonOptions.Say,
            };
            string target = parsed.GetValue(output)!, source = parsed.GetValue(input)!;
            if (target != "-" && Path.GetDirectoryName(Path.GetFullPath(target)) is { } parent && !Directory.Exists(parent))
                throw new InvalidInputException($"{parent}: no such folder");
            using SentenceEncoder encoder = CommonOptions.Open(parsed.GetValue(model)!, options);
            IEnumerable<string> sentences = source == "-" ? SentenceFile.Read(Console.OpenStandardInput(), "standard input") : SentenceFile.Read(source, parsed.GetValue(column));
            VectorOutput.Write(target, encoder.Dimension, Vectors(encoder, sentences, stop));
            CommonOptions.ReportTruncated(encoder);
        });
        return command;
    }

    static IEnumerable<float[]> Vectors(SentenceEncoder encoder, IEnumerable<string> sentences, CancellationToken stop) =>
        sentences.Chunk(ChunkSize).Select((chunk, k) => encoder.Encode(encoder.Tokenize(chunk), (long)k * ChunkSize, stop));
}
