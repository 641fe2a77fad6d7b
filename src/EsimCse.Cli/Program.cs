using System.CommandLine;
using System.CommandLine.Parsing;
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
// A sentence may start with @: it names no file of arguments.
ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (UsageError() is { } wrong)
{
    Console.Error.WriteLine($"esimcse: {wrong.ReplaceLineEndings(" ")} (see --help)");
    return CommandRunner.Usage;
}
try
{
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (IOException error)
{
    // Help and version are written outside of what the commands guard.
    Console.Error.WriteLine($"esimcse: {error.Message.ReplaceLineEndings(" ")}");
    return CommandRunner.Failed;
}

// An unknown option is no argument, though an argument would take it; what comes after -- may look like one. Of several errors the one that names a word says most.
string? UsageError()
{
    foreach (Token token in parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash))
        if (token.Type == TokenType.Argument && LooksLikeOption(token.Value)) return $"unknown option {token.Value}";
    foreach (ParseError error in parsed.Errors)
        if (parsed.UnmatchedTokens.Any(word => error.Message.Contains($"'{word}'", StringComparison.Ordinal))) return error.Message;
    return parsed.Errors is [ParseError first, ..] ? first.Message : null;
}

static bool LooksLikeOption(string text) => text.Length > 1 && text[0] == '-' && (text[1] == '-' || char.IsAsciiLetter(text[1])) && !text.Any(char.IsWhiteSpace);
