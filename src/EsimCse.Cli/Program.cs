using System.CommandLine;
using System.Globalization;
using System.Text;
using EsimCse.Cli;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

RootCommand root = new("Trains BERT sentence encoders with ESimCSE and embeds text with them.")
{
    DemoCommand.Create(), TrainCommand.Create(), EmbedCommand.Create(), EvalCommand.Create(), SimilarityCommand.Create(), TokenizeCommand.Create(), TuneCommand.Create(), DoctorCommand.Create(),
};
root.Add(CommonOptions.Verbose);
ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    Console.Error.WriteLine($"esimcse: {parsed.Errors[0].Message.ReplaceLineEndings(" ")} (see --help)");
    return ExitCodes.Usage;
}
return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
