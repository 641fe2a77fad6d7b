using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using EsimCse.Cli;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

RootCommand root = new("Trains BERT sentence encoders with ESimCSE and embeds text with them.")
{
    DemoCommand.Create(),
    TrainCommand.Create(),
    EmbedCommand.Create(),
    MergeCommand.Create(),
    IndexCommand.Create(),
    SearchCommand.Create(),
    ServeCommand.Create(),
    EvalCommand.Create(),
    SimilarityCommand.Create(),
    TokenizeCommand.Create(),
    TuneCommand.Create(),
    SweepCommand.Create(),
    ReportCommand.Create(),
    DownloadCommand.Create(),
    DoctorCommand.Create(),
};
root.Add(CommonOptions.Verbose);
// Response files are off: a sentence may start with @.
ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (FindUsageError(parsed) is { } usageError)
{
    Console.Error.WriteLine($"esimcse: {usageError.ReplaceLineEndings(" ")} (see --help)");
    return CommandRunner.Usage;
}
try
{
    InvocationConfiguration configuration = new()
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    };
    return parsed.Invoke(configuration);
}
catch (IOException error)
{
    // Help and version are written outside CommandRunner.
    Console.Error.WriteLine($"esimcse: {error.Message.ReplaceLineEndings(" ")}");
    return CommandRunner.Failed;
}

// An unknown option is an error even where an argument would accept it; after -- it is an argument. Of several errors
// the one that names a word of the command line is the most useful.
static string? FindUsageError(ParseResult parsed)
{
    foreach (Token token in parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash))
        if (token.Type == TokenType.Argument && LooksLikeOption(token.Value)) return $"unknown option {token.Value}";
    foreach (ParseError error in parsed.Errors)
        if (parsed.UnmatchedTokens.Any(word => error.Message.Contains($"'{word}'", StringComparison.Ordinal)))
            return error.Message;
    return parsed.Errors is [ParseError first, ..] ? first.Message : null;
}

static bool LooksLikeOption(string text)
{
    if (text.Length < 2 || text[0] != '-' || text.Any(char.IsWhiteSpace)) return false;
    return text[1] == '-' || char.IsAsciiLetter(text[1]);
}
