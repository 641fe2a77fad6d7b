using System.Diagnostics;

namespace EsimCse.Bench.Compare;

/// <summary>Times participants in turn: a round of each, then the next round of each.</summary>
static class Race
{
    /// <summary>Threads of a participant that has just run may still spin for this long.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Starts the participants, checks each, and times those that passed.</summary>
    /// <param name="starts">The participants.</param>
    /// <param name="threads">Threads of each.</param>
    /// <param name="rounds">Rounds of each.</param>
    /// <param name="check">Checks a participant, and returns its agreement.</param>
    public static RaceResult[] Run(
        IReadOnlyList<ParticipantStart> starts, int threads, int rounds, Func<ParticipantProcess, string> check)
    {
        List<Entry> entries = [.. starts.Select(start => new Entry(new RaceResult(start, threads)))];
        try
        {
            foreach (Entry entry in entries) entry.Try(() => entry.Open(check));
            foreach (Entry entry in entries) entry.Try(entry.WarmUp);
            for (int round = 0; round < rounds; round++)
                foreach (Entry entry in entries) entry.Try(entry.Run);
            foreach (Entry entry in entries) entry.Try(entry.End);
            return [.. entries.Select(entry => entry.Result)];
        }
        finally
        {
            foreach (Entry entry in entries) entry.Process?.Dispose();
        }
    }

    /// <summary>A participant while it is timed.</summary>
    sealed class Entry(RaceResult start)
    {
        readonly List<double> _milliseconds = [];
        readonly List<double> _cores = [];

        public ParticipantProcess? Process { get; private set; }

        public RaceResult Result { get; private set; } = start;

        /// <summary>Does a part of the work, unless an earlier one failed.</summary>
        public void Try(Action work)
        {
            if (Result.Failure is not null) return;
            try
            {
                work();
            }
            catch (Exception exception) when (exception is ParticipantException or IOException)
            {
                Console.Error.WriteLine($"{Result.Start}: {exception.Message}");
                Result = Result with { Failure = exception.Message, Milliseconds = [] };
            }
        }

        public void Open(Func<ParticipantProcess, string> check)
        {
            Process = ParticipantProcess.Open(Result.Start);
            Result = Result with { Settings = Process.Settings, Agreement = check(Process) };
        }

        public void WarmUp()
        {
            long start = Stopwatch.GetTimestamp();
            do Process!.Run();
            while (Stopwatch.GetElapsedTime(start) < Race.WarmUp);
        }

        public void Run()
        {
            Thread.Sleep(Pause);
            (double milliseconds, double cores) = Process!.Run();
            Console.Error.WriteLine($"{Result.Start}, {Result.Threads} threads: {milliseconds:F0} ms");
            _milliseconds.Add(milliseconds);
            _cores.Add(cores);
        }

        public void End() => Result = Result with
        {
            Milliseconds = [.. _milliseconds],
            Cores = Statistics.Median([.. _cores]),
            PeakBytes = Process!.End(),
        };
    }
}
