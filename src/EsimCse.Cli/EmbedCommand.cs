using System.CommandLine;
using EsimCseNative;

namespace EsimCse.Cli;

static class EmbedCommand
{
    public static Command Create()
    {
        Argument<string> model = CommonOptions.Model();
        Option<string?> column = CommonOptions.Column();
        Option<bool> json = new("--json")
        {
            Description = "Ends with a JSON object in place of the line of counts, on standard output unless vectors " +
                "go there.",
        };
        Command command = new("embed", "Writes the vector of each line.") { model, column, json };
        Func<ParseResult, TextInputs> textInputs = TextInputs.AddTo(command);
        Func<ParseResult, EncoderOptions> encoderOptions = AddEncoder(command);
        Func<ParseResult, VectorOutput> output = VectorOutput.AddTo(command);
        Func<ParseResult, KeptInput> keptInput = KeptInput.AddTo(command);
        Func<ParseResult, DeviceChoice> device = command.AddDevice(several: true);
        command.OnRun((parsed, stop) =>
        {
            EncoderOptions options = encoderOptions(parsed) with { Device = device(parsed) };
            string folder = parsed.GetValue(model)!;
            TextInputs inputs = textInputs(parsed);
            VectorOutput target = output(parsed);
            KeptInput kept = keptInput(parsed);
            target.Check(inputs, folder, kept);
            kept.Check(inputs);
            using SentenceEncoder encoder = CommonOptions.Load(folder, options, stop);
            EmbedSummary summary = new(parsed.GetValue(json), outputIsFree: !target.IsStandardOutput);
            RowEmbedding embedding = new(encoder, inputs, parsed.GetValue(column), kept, summary);
            Write(embedding, target, stop);
            CommonOptions.ReportTruncated(encoder, summary.Truncated(encoder));
            summary.Write(encoder);
        });
        return command;
    }

    static void Write(RowEmbedding embedding, VectorOutput target, CancellationToken stop)
    {
        if (target.Parts is { } parts)
        {
            new ChunkedEmbedding(embedding, target.Target, target.Type, parts).Run(stop);
            return;
        }
        IEnumerable<float[]> vectors = embedding.Encode(embedding.Read(), stop);
        target.Write(embedding.Encoder.Dimension, vectors, embedding.Kept.Output);
    }

    /// <summary>Adds the options that change the vectors to a command and returns their reader.</summary>
    static Func<ParseResult, EncoderOptions> AddEncoder(Command command)
    {
        Option<string?> pooler = CommonOptions.Pooler("Replaces the folder's pooling.");
        Option<bool?> normalize = CommonOptions.Flag("--normalize", "Replaces the folder's normalization.");
        Option<int?> maxLength = CommonOptions.MaxLength("Tokens of a sentence; the folder's own by default.");
        const string columns = "The first columns that are kept, normalized again where vectors are normalized; " +
            "by default the folder's truncate_dim, else all.";
        Option<int?> dimensions = CommonOptions.Number("--dimensions", columns, 1);
        Option<string?> prompt = new("--prompt")
        {
            Description = "Text that goes before every sentence; by default the folder's default prompt, else none.",
        };
        Option<string?> promptName = new("--prompt-name")
        {
            Description = "Name of one of the folder's prompts, in place of --prompt.",
        };
        Option[] options = [pooler, normalize, maxLength, dimensions, prompt, promptName];
        foreach (Option option in options) command.Add(option);
        return parsed => new EncoderOptions
        {
            Pooler = CommonOptions.ParsePooler(parsed.GetValue(pooler)),
            Normalize = parsed.GetValue(normalize),
            MaxLength = parsed.GetValue(maxLength),
            Dimensions = parsed.GetValue(dimensions),
            Prompt = parsed.GetValue(prompt),
            PromptName = parsed.GetValue(promptName),
        };
    }
}
