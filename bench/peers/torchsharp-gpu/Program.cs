using System.Globalization;
using System.Runtime.InteropServices;
using EsimCse.Core.Model;
using EsimCse.Peers.TorchSharp.Gpu;
using TorchSharp;

// Times ESimCSE steps and embedding of random sentences in TorchSharp; prints a line of JSON a result.
// usage: EsimCse.Peers.TorchSharp.Gpu cuda|cpu base|mini|small fp32|tf32|bf16...
// In the environment: TORCH_LIB, the folder of the libtorch to use, which LD_LIBRARY_PATH must name too.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length < 3) throw new ArgumentException("expected DEVICE MODEL MODE...");
if (Environment.GetEnvironmentVariable("TORCH_LIB") is { } folder)
{
    string[] libraries = ["libtorch_cpu.so", "libtorch_cuda.so", "libtorch.so"];
    foreach (string path in libraries.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        NativeLibrary.Load(path);
    NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"));
}
if (args[0] == "cuda")
{
    torch.InitializeDeviceType(DeviceType.CUDA);
    if (!torch.cuda.is_available()) throw new InvalidOperationException("libtorch finds no CUDA device");
}
torch.Device device = torch.device(args[0]);
BertConfig config = args[1] switch
{
    "base" => Config(768, 12, 12, 3072),
    "mini" => Config(384, 6, 12, 1536),
    "small" => Config(64, 2, 2, 128),
    _ => throw new ArgumentException($"{args[1]}: expected base, mini or small"),
};
(int batch, int sentences, int tokens) = args[1] == "small" ? (4, 8, 10) : (64, 2048, 26);
foreach (string mode in args[2..])
{
    torch.backends.cuda.matmul.allow_tf32 = mode != "fp32";
    using TorchWork work = new(config, device, mode == "bf16" ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32);
    WorkTimer timer = new(args[1], mode, tokens);
    timer.Write("step", batch, work.CreateStep(batch, tokens));
    timer.Write("embedding", sentences, work.CreateEmbedding(sentences, tokens));
}

static BertConfig Config(int hidden, int layers, int heads, int intermediate) => new()
{
    VocabularySize = 30522,
    HiddenSize = hidden,
    Layers = layers,
    Heads = heads,
    IntermediateSize = intermediate,
    MaxPositions = 512,
};
