using System.CommandLine;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cli;

/// <summary>Runs the action of a command and maps its outcome to an exit code and one line of error.</summary>
static class CommandRunner
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int BadInput = 3;
    public const int Interrupted = 130;
    public const int Terminated = 143;

    /// <summary>
    /// Sets a command's action. The first SIGINT or SIGTERM cancels the action's token, a second one ends the process.
    /// </summary>
    public static void OnRun(this Command command, Action<ParseResult, CancellationToken> action) =>
        command.SetAction(parsed => Run(parsed, action));

    static int Run(ParseResult parsed, Action<ParseResult, CancellationToken> action)
    {
        using CancellationTokenSource stop = new();
        int signalCode = Done;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, Interrupted));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, Terminated));
        try
        {
            action(parsed, stop.Token);
            return Done;
        }
        catch (OperationCanceledException) when (signalCode != Done)
        {
            return signalCode;
        }
        catch (Exception error)
        {
            string message = parsed.GetValue(CommonOptions.Verbose) ? error.ToString() : OneLine(error);
            parsed.InvocationConfiguration.Error.WriteLine($"esimcse: {message}");
            return ExitCode(error);
        }

        void Stop(PosixSignalContext context, int code)
        {
            if (signalCode != Done) Environment.Exit(code);
            signalCode = code;
            context.Cancel = true;
            stop.Cancel();
        }
    }

    static int ExitCode(Exception error) => error switch
    {
        InvalidInputException => BadInput,
        UsageException => Usage,
        _ => Failed,
    };

    static string OneLine(Exception error) => error switch
    {
        OutOfMemoryException => "out of memory: lower --batch-size or --max-length",
        OverflowException => "a size passes the limit of memory: lower --batch-size, --queue-size or --epochs",
        _ => error.Message.ReplaceLineEndings(" "),
    };
}
