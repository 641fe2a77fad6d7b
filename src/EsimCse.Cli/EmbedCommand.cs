using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Cli;

static class EmbedCommand
{
    /// <summary>Sentences that are read, embedded and written together.</summary>
    const int ChunkSize = 2048;

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
            string target = parsed.GetValue(output)!;
            string source = parsed.GetValue(input)!;
            RequireFolder(target);
            RequireOther(target, source, parsed.GetValue(model)!);
            using SentenceEncoder encoder = CommonOptions.Load(parsed.GetValue(model)!, options);
            IEnumerable<SentenceRow> sentences = CommonOptions.Read(source, parsed.GetValue(column));
            IEnumerable<SentenceRow[]> chunks = source == "-"
                ? PausingInput.Chunk(sentences, ChunkSize, stop)
                : sentences.Chunk(ChunkSize);
            VectorOutput.Write(target, encoder.Dimension, Embed(encoder, chunks, stop));
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

    static void RequireFolder(string target)
    {
        if (target == "-") return;
        string? folder = Path.GetDirectoryName(Path.GetFullPath(target));
        bool missing = folder is not null && !Directory.Exists(folder);
        if (missing) throw new InvalidInputException($"{folder}: no such folder");
    }

    /// <summary>Refuses an output that would take the place of a file that is read.</summary>
    static void RequireOther(string target, string input, string model)
    {
        if (target == "-") return;
        if (input != "-" && FileIdentity.AreSame(target, input))
            throw new UsageException($"--output {target}: it is the input {input}");
        if (FileIdentity.Contains(model, target) && File.Exists(target))
            throw new UsageException($"--output {target}: it is a file of the model {model}");
    }

    /// <summary>Returns the vectors of sentences in chunks, [chunk, dimension].</summary>
    static IEnumerable<float[]> Embed(
        SentenceEncoder encoder, IEnumerable<SentenceRow[]> chunks, CancellationToken stop)
    {
        foreach (SentenceRow[] chunk in chunks)
        {
            IReadOnlyList<int[]> ids = encoder.Tokenize([.. chunk.Select(row => row.Text)]);
            yield return encoder.Encode(ids, [.. chunk.Select(row => row.Line)], stop);
        }
    }
}
