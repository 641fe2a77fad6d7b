using System.Globalization;
using EsimCse.Peers;
using EsimCse.Peers.OnnxRuntime;

// Embeds as a participant of a comparison.
// usage: MODEL TEXT MAX_LENGTH THREADS fp32|int8
// MODEL is a folder that may be written to: the graphs stand in it and read the weights of its model.safetensors.
int maxLength = int.Parse(args[2], CultureInfo.InvariantCulture);
int threads = int.Parse(args[3], CultureInfo.InvariantCulture);
return ParticipantHost.Serve(() => new OnnxEmbedding(args[0], args[1], maxLength, threads, args[4] == "int8"));
