using System.CommandLine;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cli;

/// <summary>What a command ends with, and the one line that says why.</summary>
static class CommandRunner
{
    public const int Done = 0, Failed = 1, Usage = 2, BadInput = 3, Interrupted = 130, Terminated = 143;

    /// <summary>Sets what a command does: errors become one line and a code, the first signal asks it to stop, the second ends the process.</summary>
    public static void OnRun(this Command command, Action<ParseResult, CancellationToken> action) => command.SetAction(parsed => Run(parsed, action));

    static int Run(ParseResult parsed, Action<ParseResult, CancellationToken> action)
    {
        using CancellationTokenSource stop = new();
        int signalled = Done;
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, Interrupted));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, Terminated));
        try
        {
            action(parsed, stop.Token);
            return Done;
        }
        catch (OperationCanceledException) when (signalled != Done)
        {
            return signalled;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"esimcse: {(parsed.GetValue(CommonOptions.Verbose) ? error : OneLine(error))}");
            return CodeOf(error);
        }

        void Stop(PosixSignalContext context, int code)
        {
            if (signalled != Done) Environment.Exit(code);
            (signalled, context.Cancel) = (code, true);
            stop.Cancel();
        }
    }

    static int CodeOf(Exception error) => error switch
    {
        InvalidInputException => BadInput,
        UsageException or ArgumentException => Usage,
        _ => Failed,
    };

    static string OneLine(Exception error) => error switch
    {
        ArgumentOutOfRangeException range => range.Message.Split(" (Parameter")[0],
        OutOfMemoryException => "out of memory: lower --batch-size or --max-length",
        OverflowException => "a size passes what memory can hold: lower --batch-size, --queue-size or --epochs",
        _ => error.Message.ReplaceLineEndings(" "),
    };
}
