using System.Collections.Concurrent;
using System.Diagnostics;
using EsimCse.Peers;

namespace EsimCse.Bench.Compare;

/// <summary>A running participant of a comparison.</summary>
sealed class ParticipantProcess : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    readonly Process _process;
    readonly BlockingCollection<Reply> _replies = [];
    readonly ConcurrentQueue<string> _errors = [];

    ParticipantProcess(ParticipantStart start)
    {
        Start = start;
        ProcessStartInfo info = new("dotnet", [start.Assembly, .. start.Arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in start.Environment) info.Environment[name] = value;
        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += (_, line) => Receive(line.Data);
        _process.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public ParticipantStart Start { get; }

    /// <summary>The settings that it chose.</summary>
    public string Settings { get; private set; } = "";

    /// <summary>Starts a participant, and waits until it is ready.</summary>
    /// <exception cref="ParticipantException">It is not available, or failed.</exception>
    public static ParticipantProcess Open(ParticipantStart start)
    {
        if (start.Missing is { } reason) throw new ParticipantException(reason);
        ParticipantProcess process = new(start);
        try
        {
            process.Settings = process.Wait().Settings ?? "";
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Does a round.</summary>
    public (double Milliseconds, double Cores) Run()
    {
        Reply reply = Ask("run");
        return (reply.Milliseconds!.Value, reply.Cores!.Value);
    }

    /// <summary>Computes the results of an input file.</summary>
    public void Check(string input, string output) => Ask($"check\t{input}\t{output}");

    /// <summary>Ends the participant, and returns the bytes of the most memory that was in use.</summary>
    public long End()
    {
        long bytes = Ask("end").PeakBytes!.Value;
        _process.WaitForExit();
        return bytes;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        // Until its output has ended, lines of it may still arrive.
        _process.WaitForExit();
        _process.Dispose();
        _replies.Dispose();
    }

    Reply Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        return Wait();
    }

    Reply Wait()
    {
        Reply? reply = null;
        bool received;
        try
        {
            received = _replies.TryTake(out reply, Limit);
        }
        catch (InvalidOperationException)
        {
            received = false;
        }
        if (!received || reply is null) throw new ParticipantException($"no answer: {LastError()}");
        return reply.Error is null ? reply : throw new ParticipantException(reply.Error);
    }

    void Receive(string? line)
    {
        if (line is null) _replies.CompleteAdding();
        else if (Reply.Read(line) is { } reply) _replies.Add(reply);
    }

    string LastError() => _errors.LastOrDefault(line => line.Length > 0) ?? "it ended";
}

/// <summary>A participant could not be started, or failed.</summary>
sealed class ParticipantException(string message) : Exception(message);
