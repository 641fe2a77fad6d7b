using System.CommandLine;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Cli;

static class EmbedCommand
{
    /// <summary>Sentences that are read, embedded and written together.</summary>
    const int ChunkSize = 2048;

    /// <summary>The time for which a line of standard input waits for others at most.</summary>
    static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(50);

    public static Command Create()
    {
        Argument<string> model = CommonOptions.Model();
        Argument<string> input = CommonOptions.Input();
        Option<string> output = Output();
        Option<string?> pooler = CommonOptions.Pooler("Replaces the folder's pooling.");
        Option<bool?> normalize = CommonOptions.Flag("--normalize", "Replaces the folder's normalization.");
        Option<int?> maxLength = CommonOptions.MaxLength("Tokens of a sentence; the folder's own by default.");
        Option<string?> column = CommonOptions.Column();
        Command command = new("embed", "Writes the vector of each line.")
        {
            model, input, output, pooler, normalize, maxLength, column,
        };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            EncoderOptions options = new()
            {
                Pooler = CommonOptions.ParsePooler(parsed.GetValue(pooler)),
                Normalize = parsed.GetValue(normalize),
                MaxLength = parsed.GetValue(maxLength),
                Device = device(parsed),
            };
            string folder = parsed.GetValue(model)!;
            string source = parsed.GetValue(input)!;
            string target = parsed.GetValue(output)!;
            OutputPath.Check(target, source, folder);
            using SentenceEncoder encoder = CommonOptions.Load(folder, options);
            IEnumerable<SentenceRow> rows = CommonOptions.Read(source, parsed.GetValue(column));
            VectorOutput.Write(target, encoder.Dimension, Embed(encoder, source, rows, stop));
            CommonOptions.ReportTruncated(encoder);
        });
        return command;
    }

    static Option<string> Output()
    {
        const string standardOutput = "-";
        Option<string> option = new("--output")
        {
            Description = "FILE.npy, FILE.jsonl, or - for standard output.",
            DefaultValueFactory = _ => standardOutput,
        };
        return option.Checked(IsSupported, "FILE.npy, FILE.jsonl or -");

        static bool IsSupported(string target) =>
            target == standardOutput || Path.GetExtension(target) is ".npy" or ".jsonl";
    }

    /// <summary>Returns the vectors of sentences in chunks, [chunk, dimension].</summary>
    static IEnumerable<float[]> Embed(
        SentenceEncoder encoder, string source, IEnumerable<SentenceRow> rows, CancellationToken stop)
    {
        IEnumerable<SentenceRow[]> chunks =
            source == "-" ? PromptChunks.Read(rows, ChunkSize, MaxWait, stop) : rows.Chunk(ChunkSize);
        string name = CommonOptions.NameOf(source);
        foreach (SentenceRow[] chunk in chunks)
        {
            string[] sentences = [.. chunk.Select(row => row.Text)];
            yield return encoder.Encode(
                encoder.Tokenize(sentences), row => $"{name}, line {chunk[row].Line}", stop);
        }
    }
}
