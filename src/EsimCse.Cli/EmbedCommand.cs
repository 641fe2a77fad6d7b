using System.CommandLine;
using EsimCse.Core.Text;
using EsimCse.Formats;
using EsimCseNative;

namespace EsimCse.Cli;

static class EmbedCommand
{
    const string StandardOutput = "-";

    /// <summary>Lines of standard input that are answered together at most.</summary>
    const int PromptSize = 2048;

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
            Write(target, new VectorRows(encoder.Dimension, Embed(encoder, source, rows, stop)));
            CommonOptions.ReportTruncated(encoder);
        });
        return command;
    }

    static Option<string> Output()
    {
        string files = string.Join(", ", VectorFormat.All.Select(format => $"FILE{format.Extension}"));
        Option<string> option = new("--output")
        {
            Description = $"{files}, or - for standard output: one JSON array a line.",
            DefaultValueFactory = _ => StandardOutput,
        };
        return option.Checked(IsSupported, $"{files} or -");

        static bool IsSupported(string target) => target == StandardOutput || VectorFormat.Find(target) is not null;
    }

    static void Write(string target, VectorRows rows)
    {
        if (target != StandardOutput)
        {
            VectorFile.Write(target, rows);
            return;
        }
        using Stream output = Console.OpenStandardOutput();
        new JsonLinesWriter().Write(output, rows);
    }

    /// <summary>Returns the vectors of sentences in parts, [rows, dimension].</summary>
    static IEnumerable<float[]> Embed(
        SentenceEncoder encoder, string source, IEnumerable<SentenceRow> rows, CancellationToken stop)
    {
        IEnumerable<RowChunk> chunks = source == "-"
            ? PromptChunks.Read(rows, PromptSize, MaxWait, stop)
            : rows.Chunk(SentenceEncoder.ChunkSize).Select(chunk => new RowChunk(chunk, IsUrgent: false));
        string name = CommonOptions.NameOf(source);
        return encoder.Encode(chunks, line => $"{name}, line {line}", stop);
    }
}
