using System.Diagnostics;

namespace EsimCse.Peers;

/// <summary>
/// Serves a participant on standard input and output. The commands are "run", "check INPUT OUTPUT" with tabs between
/// the words, and "end".
/// </summary>
public static class ParticipantHost
{
    /// <summary>Creates the participant and obeys commands until "end" or the end of input.</summary>
    /// <returns>The exit status.</returns>
    public static int Serve(Func<IParticipant> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        using TextWriter replies = TextWriter.Synchronized(Console.Out);
        Console.SetOut(Console.Error);
        try
        {
            using IParticipant participant = create();
            Send(new Reply(Settings: participant.Settings));
            while (Console.In.ReadLine() is { } command && command != "end") Send(Obey(participant, command));
            Send(new Reply(PeakBytes: Process.GetCurrentProcess().PeakWorkingSet64));
            return 0;
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine(exception);
            Send(new Reply(Error: $"{exception.GetType().Name}: {FirstLine(exception.Message)}"));
            return 1;
        }

        void Send(Reply reply)
        {
            replies.WriteLine(reply.Write());
            replies.Flush();
        }
    }

    static Reply Obey(IParticipant participant, string command)
    {
        string[] words = command.Split('\t');
        if (words[0] == "run") return Time(participant);
        if (words[0] != "check") throw new ArgumentException($"command: found {words[0]}, expected run, check or end");
        participant.Check(words[1], words[2]);
        return new Reply();
    }

    static Reply Time(IParticipant participant)
    {
        using Process process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        participant.Run();
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        process.Refresh();
        return new Reply(Milliseconds: time.TotalMilliseconds, Cores: (process.TotalProcessorTime - before) / time);
    }

    static string FirstLine(string message) => message.Split('\n')[0].TrimEnd();
}
