using System.Globalization;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Cpu;
using EsimCse.Cuda;
using Microsoft.Extensions.Logging;

namespace EsimCseNative;

/// <summary>The choice of a device and a precision.</summary>
/// <param name="Device">auto (a CUDA device where there is one that can run the model, else the CPU), cpu, cuda or
/// cuda:N; to embed also several, as in cuda:0,cuda:1, or all, cuda:all.</param>
/// <param name="Threads">Threads of the CPU, at least 1; all cores by default.</param>
/// <param name="Precision">On CUDA the type in which activations and the weights of matrix products are stored: fp32,
/// bf16 or fp16; sums are always fp32. Default: bf16 for training, which has no fp16, and fp16 for embedding. On the
/// CPU the type of the operands of an embedding's matrix products: fp32, the default, bf16 or int8; training has only
/// fp32.</param>
public sealed record DeviceChoice(string Device = "auto", int? Threads = null, ElementType? Precision = null)
{
    const string CudaPrefix = "cuda:";

    const string AllDevices = CudaPrefix + "all";

    const string OfCuda = "fp32, bf16 and fp16";

    /// <summary>Sizes of a model on CUDA are multiples of this.</summary>
    const int SizeMultiple = 8;

    /// <summary>Whether several devices are named.</summary>
    public bool IsSeveral => Device == AllDevices || Device.Contains(',', StringComparison.Ordinal);

    int Ordinal =>
        Device == "cuda" ? 0 : int.Parse(Device.AsSpan(CudaPrefix.Length), CultureInfo.InvariantCulture);

    /// <summary>Whether a text is one of the values of <see cref="Device"/>.</summary>
    public static bool IsValid(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        string[] several = device.Split(',');
        if (several.Length > 1) return several.All(IsOrdinal) && several.Distinct().Count() == several.Length;
        return device is "auto" or "cpu" or "cuda" or AllDevices || IsOrdinal(device);
    }

    static bool IsOrdinal(string device)
    {
        if (!device.StartsWith(CudaPrefix, StringComparison.Ordinal)) return false;
        ReadOnlySpan<char> ordinal = device.AsSpan(CudaPrefix.Length);
        return int.TryParse(ordinal, NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }

    /// <summary>Opens the device.</summary>
    /// <param name="sizes">Sizes of the model to run; null if there is none.</param>
    /// <param name="logger">Receives which device auto chose, and why it is not a CUDA device.</param>
    /// <exception cref="ArgumentException"><see cref="Device"/> is not valid.</exception>
    /// <exception cref="DeviceException">The device is missing or failed.</exception>
    /// <exception cref="InvalidInputException">The chosen CUDA device cannot run a model of these sizes.</exception>
    public IBackend Open(BertConfig? sizes = null, ILogger? logger = null) =>
        Open(sizes is null ? null : WhyUnsupported(sizes), logger);

    /// <summary>Opens the devices for the encoder of a folder and the modules after it.</summary>
    /// <inheritdoc cref="Open(BertConfig?, ILogger?)"/>
    internal IReadOnlyList<IBackend> OpenAll(ModelFolder folder, ILogger? logger)
    {
        string? unsupported = WhyUnsupported(folder.Config) ?? WhyUnsupported(folder.ModuleWidths());
        List<IBackend> backends = [];
        try
        {
            foreach (DeviceChoice choice in Each())
                backends.Add(
                    choice.OpenFor(folder.Config, () => choice.Open(unsupported, logger), training: false).Backend);
            return backends;
        }
        catch
        {
            foreach (IBackend backend in backends) backend.Dispose();
            throw;
        }
    }

    /// <summary>Returns the choices of the devices that are named.</summary>
    DeviceChoice[] Each()
    {
        if (!IsSeveral) return [this];
        IEnumerable<string> names = Device == AllDevices
            ? CudaDevice.All().Select(Name)
            : Device.Split(',');
        DeviceChoice[] each = [.. names.Select(name => this with { Device = name })];
        return each.Length > 0 ? each : throw new DeviceException($"--device {Device}: {CudaDevice.WhyNone()}");

        static string Name(CudaDevice device) =>
            string.Create(CultureInfo.InvariantCulture, $"{CudaPrefix}{device.Ordinal}");
    }

    IBackend Open(string? unsupported, ILogger? logger)
    {
        if (!IsValid(Device) || IsSeveral)
            throw new ArgumentException($"device: found {Device}, expected auto, cpu, cuda or cuda:N");
        if (Device == "cpu") return new CpuBackend(Threads);
        if (Device == "auto") return OpenAuto(unsupported, logger);
        if (unsupported is not null) throw new InvalidInputException($"--device {Device}: {unsupported}");
        return new CudaBackend(Ordinal);
    }

    /// <summary>
    /// Checks, before any input is read, that a CUDA device chosen by name is there and that the device has the
    /// precision.
    /// </summary>
    /// <exception cref="DeviceException">The device is missing.</exception>
    /// <exception cref="UsageException">The device or training does not have the precision.</exception>
    public void Require(bool training = false)
    {
        if (IsSeveral)
        {
            foreach (DeviceChoice choice in Each()) choice.Require(training);
            return;
        }
        if (Device.StartsWith("cuda", StringComparison.Ordinal)) _ = CudaDevice.Open(Ordinal);
        if (training && Precision == ElementType.Float16) throw NotForTraining();
        if (Precision is null or ElementType.Float32) return;
        bool onCpu = Device == "cpu" || Device == "auto" && CudaDevice.WhyNone() is not null;
        if (onCpu && !IsOfCpu(Precision.Value, training)) throw NoSuchPrecision("the CPU", OfCpu(training));
        if (!onCpu && Precision == ElementType.Int8) throw NoSuchPrecision("CUDA", OfCuda);
    }

    /// <summary>Returns the type of activations on a device, or of the operands of products.</summary>
    /// <exception cref="UsageException">The device or training does not have the precision.</exception>
    public ElementType PrecisionOn(IBackend backend, bool training)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ElementType preferred = training ? ElementType.BFloat16 : ElementType.Float16;
        ElementType standard = backend.SupportsDataType(preferred) ? preferred : ElementType.Float32;
        ElementType chosen = Precision ?? standard;
        bool isSupported = training ? backend.SupportsDataType(chosen) : backend.SupportsFrozenType(chosen);
        if (!isSupported) throw NoSuchPrecision(backend.Name, backend is CudaBackend ? OfCuda : OfCpu(training));
        return training && chosen == ElementType.Float16 ? throw NotForTraining() : chosen;
    }

    /// <summary>Opens the CUDA device that is named; null for the CPU and auto.</summary>
    /// <param name="dimension">Elements of a vector.</param>
    internal CudaBackend? OpenToSearch(int dimension)
    {
        if (Device is "cpu" or "auto") return null;
        return Open(WhyUnsupported([("dimension", dimension)]), logger: null) as CudaBackend;
    }

    /// <summary>Opens the device for training and chooses the type in which activations are stored.</summary>
    /// <param name="sizes">Sizes of the model.</param>
    /// <param name="logger">Receives which device auto chose.</param>
    /// <exception cref="DeviceException">The device is missing or failed.</exception>
    /// <exception cref="InvalidInputException">The chosen CUDA device cannot run a model of these sizes.</exception>
    /// <exception cref="UsageException">The device or training does not have the precision.</exception>
    public (IBackend Backend, ElementType Stored) OpenToTrain(BertConfig sizes, ILogger? logger = null) =>
        OpenFor(sizes, () => Open(sizes, logger), training: true);

    /// <summary>Opens the device, chooses the type in which activations are stored, and prepares kernels.</summary>
    (IBackend Backend, ElementType Stored) OpenFor(BertConfig sizes, Func<IBackend> open, bool training)
    {
        IBackend backend = open();
        try
        {
            ElementType stored = PrecisionOn(backend, training);
            if (backend is CudaBackend cuda) cuda.PrepareKernels(stored, sizes.HeadSize, training);
            return (backend, stored);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>Returns the ordinal of the CUDA device, counted from 0; auto chooses the first.</summary>
    /// <exception cref="DeviceException">The choice is the CPU, or the device is missing.</exception>
    /// <exception cref="InvalidInputException">The device cannot run a model of these sizes.</exception>
    public int CudaOrdinal(BertConfig sizes)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        if (Device == "cpu") throw new DeviceException("--device cpu: expected a CUDA device");
        if (WhyUnsupported(sizes) is { } unsupported)
            throw new InvalidInputException($"--device {Device}: {unsupported}");
        return CudaDevice.Open(Device == "auto" ? 0 : Ordinal).Ordinal;
    }

    IBackend OpenAuto(string? unsupported, ILogger? logger)
    {
        string? reason = CudaDevice.WhyNone() ?? unsupported;
        IBackend backend = reason is null ? new CudaBackend() : new CpuBackend(Threads);
        if (logger is null) return backend;
        if (reason is null) Log.DeviceChosen(logger, backend.Name);
        else Log.CpuChosen(logger, backend.Name, reason);
        return backend;
    }

    static string? WhyUnsupported(BertConfig sizes) => WhyUnsupported(
    [
        ("hidden_size", sizes.HiddenSize),
        ("intermediate_size", sizes.IntermediateSize),
        ("hidden_size / num_attention_heads", sizes.HeadSize),
    ]);

    static string? WhyUnsupported(IEnumerable<(string Name, int Value)> sizes)
    {
        foreach ((string name, int value) in sizes)
            if (value % SizeMultiple != 0) return $"{name} is {value}, expected a multiple of {SizeMultiple} on CUDA";
        return null;
    }

    static bool IsOfCpu(ElementType type, bool training) =>
        training ? type == ElementType.Float32 : CpuBackend.FrozenTypes.Contains(type);

    static string OfCpu(bool training) => training ? "only fp32 to train" : "fp32, bf16 and int8";

    UsageException NoSuchPrecision(string device, string all) =>
        new($"--precision {Precision!.Value.Name()}: {device} has {all}");

    static UsageException NotForTraining() =>
        new("--precision fp16: is for embedding; expected bf16 or fp32 to train");
}
