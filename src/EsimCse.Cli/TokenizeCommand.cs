using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Cli;

static class TokenizeCommand
{
    public static Command Create()
    {
        Argument<string> folder = new("FOLDER")
        {
            Description = "A folder with tokenizer.json, vocab.txt, or vocab.json with merges.txt, or a hub id.",
        };
        Option<int?> maxLength = CommonOptions.MaxLength("Tokens of a sentence; all by default.");
        Option<string?> column = CommonOptions.Column();
        Command command = new("tokenize", "Prints the ids of each line as a JSON array.")
        {
            folder, maxLength, column,
        };
        Func<ParseResult, TextInputs> inputs = TextInputs.AddTo(command);
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            device(parsed);
            string path = CommonOptions.FindModel(parsed.GetValue(folder)!, stop, withWeights: false);
            if (!Directory.Exists(path)) throw new InvalidInputException($"{path}: no such folder");
            BertTokenizer tokenizer = BertTokenizer.Load(path);
            foreach (string remark in tokenizer.Remarks) Console.Error.WriteLine(remark);
            IEnumerable<SentenceRow> rows = inputs(parsed).Read(parsed.GetValue(column));
            Write(tokenizer, rows, parsed.GetValue(maxLength) ?? int.MaxValue, stop);
        });
        return command;
    }

    static void Write(BertTokenizer tokenizer, IEnumerable<SentenceRow> rows, int maxLength, CancellationToken stop)
    {
        using StreamWriter output = new(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        List<int> ids = [];
        foreach (SentenceRow row in rows)
        {
            stop.ThrowIfCancellationRequested();
            ids.Clear();
            tokenizer.Encode(row.Text, maxLength, ids);
            output.Write('[');
            output.Write(string.Join(',', ids));
            output.Write("]\n");
        }
    }
}
