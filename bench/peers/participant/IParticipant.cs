namespace EsimCse.Peers;

/// <summary>One side of a comparison, in a process of its own.</summary>
public interface IParticipant : IDisposable
{
    /// <summary>The settings in use, for the table.</summary>
    string Settings { get; }

    /// <summary>Does the work of one round, which is timed.</summary>
    void Run();

    /// <summary>Computes the results of an input file, and writes them to an output file.</summary>
    void Check(string input, string output);
}
