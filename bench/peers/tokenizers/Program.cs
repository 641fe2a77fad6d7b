using EsimCse.Peers;
using EsimCse.Peers.Tokenizers;

// Tokenizes as a participant of a comparison.
// usage: fast|microsoft VOCABULARY TEXT
return ParticipantHost.Serve(() => args[0] switch
{
    "fast" => new FastBertParticipant(args[1], args[2]),
    "microsoft" => new MicrosoftParticipant(args[1], args[2]),
    _ => throw new ArgumentException($"tokenizer: found {args[0]}, expected fast or microsoft"),
});
