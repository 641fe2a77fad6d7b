using System.CommandLine;
using EsimCse.Core.Model;
using EsimCse.Cuda.Matmul;
using EsimCseNative;

namespace EsimCse.Cli;

static class TuneCommand
{
    const int StepTokens = 3328;

    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "The model folder, or a config.json, whose sizes to tune for." };
        Option<int?> tokens = CommonOptions.Number("--tokens", "Tokens of a training step, both views together (3328).", 128);
        Command command = new("tune", "Chooses the algorithms of matrix products on this CUDA device by time, and remembers them. Bits change with them.") { model, tokens };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            DeviceChoice choice = device(parsed);
            string path = parsed.GetValue(model)!;
            BertConfig config = File.Exists(path) ? BertConfig.Read(path) : ModelFolder.Read(path).Config;
            foreach (string line in MatmulTuning.Run(choice.CudaOrdinal(config), config, parsed.GetValue(tokens) ?? StepTokens, stop)) Console.WriteLine(line);
        });
        return command;
    }
}
