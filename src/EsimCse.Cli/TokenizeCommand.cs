using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Cli;

static class TokenizeCommand
{
    public static Command Create()
    {
        Argument<string> folder = new("FOLDER") { Description = "A folder with tokenizer.json or vocab.txt." };
        Argument<string> input = new("INPUT") { Description = "A file of sentences, or - for standard input.", DefaultValueFactory = _ => "-" };
        Option<int?> maxLength = CommonOptions.MaxLength("Tokens of a sentence; all by default.");
        Option<string?> column = new("--column") { Description = "The column of csv, tsv and jsonl files." };
        Command command = new("tokenize", "Prints the ids of each line as a JSON array.") { folder, input, maxLength, column };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            device(parsed);
            if (!Directory.Exists(parsed.GetValue(folder))) throw new InvalidInputException($"{parsed.GetValue(folder)}: no such folder");
            BertTokenizer tokenizer = BertTokenizer.Load(parsed.GetValue(folder)!);
            string source = parsed.GetValue(input)!;
            using StreamWriter output = new(Console.OpenStandardOutput(), bufferSize: 1 << 16);
            List<int> ids = [];
            foreach (string line in source == "-" ? SentenceFile.Read(Console.OpenStandardInput(), "standard input") : SentenceFile.Read(source, parsed.GetValue(column)))
            {
                stop.ThrowIfCancellationRequested();
                ids.Clear();
                tokenizer.Encode(line, parsed.GetValue(maxLength) ?? int.MaxValue, ids);
                output.Write('[');
                output.Write(string.Join(',', ids));
                output.Write("]\n");
            }
        });
        return command;
    }
}
