using System.CommandLine;
using EsimCse.Core.Model;
using EsimCse.Cuda.Matmul;
using EsimCseNative;

namespace EsimCse.Cli;

static class TuneCommand
{
    const int DefaultStepTokens = 3328;

    public static Command Create()
    {
        const string purpose = "Stores the fastest matrix product algorithms for this CUDA device.";
        Argument<string> model = new("MODEL") { Description = "The model folder, hub id or config.json to tune for." };
        Option<int?> tokens =
            CommonOptions.Number("--tokens", "Tokens of a training step, both views together (3328).", 128);
        Command command = new("tune", $"{purpose} Results change in their last bits.") { model, tokens };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            DeviceChoice choice = device(parsed);
            string path = CommonOptions.FindModel(parsed.GetValue(model)!, stop, withWeights: false);
            BertConfig config = File.Exists(path) ? BertConfig.Read(path) : ModelFolder.Read(path).Config;
            int stepTokens = parsed.GetValue(tokens) ?? DefaultStepTokens;
            foreach (string line in MatmulTuning.Run(choice.CudaOrdinal(config), config, stepTokens, stop))
                Console.WriteLine(line);
        });
        return command;
    }
}
