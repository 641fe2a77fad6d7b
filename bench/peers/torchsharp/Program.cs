using System.Globalization;
using EsimCse.Bench.Participants;
using EsimCse.Peers;
using EsimCse.Peers.TorchSharp;
using TorchSharp;

// Embeds or trains as a participant of a comparison, or trains the recorded runs.
// usage: embed MODEL TEXT MAX_LENGTH THREADS fp32|bf16
//        train all|cls fp32|bf16 MODEL TEXT THREADS BATCH QUEUE DROPOUT LEARNING_RATE STEPS
//        DATA CONDITION STEPS SEED...
// In the environment of the last: THREADS (1); DROPOUT (0.1); MASKS=ours drops the elements that our own run drops.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args[0])
{
    case "embed":
        int maxLength = int.Parse(args[3], CultureInfo.InvariantCulture);
        torch.set_num_threads(int.Parse(args[4], CultureInfo.InvariantCulture));
        return ParticipantHost.Serve(() => new TorchEmbedding(args[1], args[2], maxLength, TypeNamed(args[5])));
    case "train":
        TrainingWorkOptions work = TrainingWorkOptions.Read(args.AsSpan(3));
        torch.set_num_threads(work.Threads);
        return ParticipantHost.Serve(
            () => new TorchTrainingParticipant(work, clsOnly: args[1] == "cls", TypeNamed(args[2])));
    default:
        string threads = Environment.GetEnvironmentVariable("THREADS") ?? "1";
        torch.set_num_threads(int.Parse(threads, CultureInfo.InvariantCulture));
        TrainingCurves curves = new(args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture));
        foreach (string seed in args[3..]) curves.Train(ulong.Parse(seed, CultureInfo.InvariantCulture));
        return 0;
}

static torch.ScalarType TypeNamed(string precision) =>
    precision == "bf16" ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32;
