using System.Globalization;
using EsimCse.Peers;

namespace EsimCse.Bench.Participants;

/// <summary>Runs this program as a participant of a comparison.</summary>
static class ParticipantCommand
{
    /// <summary>Serves embed, train or tokenize.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(string[] arguments) => ParticipantHost.Serve(() => arguments[0] switch
    {
        "embed" => new OurEmbedding(
            arguments[1], arguments[2], Integer(arguments[3]), Integer(arguments[4]), arguments[5]),
        "train" => new OurTraining(TrainingWorkOptions.Read(arguments.AsSpan(1))),
        "tokenize" => new OurTokenizing(arguments[1], arguments[2]),
        _ => throw new ArgumentException($"participant: found {arguments[0]}, expected embed, train or tokenize"),
    });

    static int Integer(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
