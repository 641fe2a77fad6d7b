using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Cpu;
using EsimCse.Cuda;

namespace EsimCseNative;

/// <summary>Where to compute.</summary>
/// <param name="Device">auto (a CUDA device where there is one that can run the model, else the CPU), cpu, cuda or cuda:N.</param>
/// <param name="Threads">Threads of the CPU, at least 1; all cores by default.</param>
/// <param name="Precision">
/// What activations and the weights of products are stored as; sums are fp32 always. By default fp32 on the CPU, which has nothing else, and on CUDA bf16 to train
/// and fp16 for all else. Training has no fp16.
/// </param>
public sealed record DeviceChoice(string Device = "auto", int? Threads = null, ElementType? Precision = null)
{
    const string CudaPrefix = "cuda:";
    const int Granularity = 8;

    /// <summary>Whether a text names a device or a way to choose one.</summary>
    public static bool IsValid(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device is "auto" or "cpu" or "cuda" || device.StartsWith(CudaPrefix, StringComparison.Ordinal) && int.TryParse(device.AsSpan(CudaPrefix.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _);
    }

    /// <summary>The device, for a model of these sizes.</summary>
    /// <param name="sizes">The model's sizes; null where none is to run.</param>
    /// <param name="say">Told which one auto took, and why it is not a CUDA device.</param>
    /// <exception cref="ArgumentException">No such choice.</exception>
    /// <exception cref="DeviceException">No such device.</exception>
    /// <exception cref="InvalidInputException">A CUDA device was asked for that cannot run a model of these sizes.</exception>
    public IBackend Open(BertConfig? sizes = null, Action<string>? say = null)
    {
        if (!IsValid(Device)) throw new ArgumentException($"device: found {Device}, expected auto, cpu, cuda or cuda:N");
        if (Device == "cpu") return new CpuBackend(Threads);
        string? unfit = sizes is null ? null : WhyUnsupported(sizes);
        if (Device == "auto") return OpenAny(unfit, say);
        if (unfit is not null) throw new InvalidInputException($"--device {Device}: {unfit}");
        return new CudaBackend(Ordinal);
    }

    /// <summary>Fails where a CUDA device is asked for by name and there is none, or a precision that the device has not, before anything else is read.</summary>
    /// <exception cref="DeviceException">No such device.</exception>
    /// <exception cref="UsageException">The device has no such precision.</exception>
    public void Require(bool training = false)
    {
        if (Device.StartsWith("cuda", StringComparison.Ordinal)) _ = CudaDevice.Open(Ordinal);
        if (training && Precision == ElementType.Float16) throw new UsageException("--precision fp16: is for embedding; expected bf16 or fp32 to train");
        if (Precision is not (null or ElementType.Float32) && (Device == "cpu" || Device == "auto" && CudaDevice.WhyNone() is not null)) throw NoSuchPrecision("the CPU");
    }

    /// <summary>What activations are stored as on a device that this opened.</summary>
    /// <exception cref="UsageException">The device has no such precision, or it is not for training.</exception>
    public ElementType PrecisionOn(IBackend backend, bool training)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ElementType usual = training ? ElementType.BFloat16 : ElementType.Float16, chosen = Precision ?? (backend.SupportsDataType(usual) ? usual : ElementType.Float32);
        if (!backend.SupportsDataType(chosen)) throw NoSuchPrecision(backend.Name);
        return training && chosen == ElementType.Float16 ? throw new UsageException("--precision fp16: is for embedding; expected bf16 or fp32 to train") : chosen;
    }

    /// <summary>The device and what activations are stored as, to train a model of these sizes.</summary>
    /// <param name="sizes">The model's sizes.</param>
    /// <param name="say">Told which device auto took.</param>
    /// <exception cref="DeviceException">No such device.</exception>
    /// <exception cref="InvalidInputException">A CUDA device was asked for that cannot run a model of these sizes.</exception>
    /// <exception cref="UsageException">The device has no such precision, or it is not for training.</exception>
    public (IBackend Backend, ElementType Stored) OpenToTrain(BertConfig sizes, Action<string>? say = null)
    {
        IBackend backend = Open(sizes, say);
        try
        {
            return (backend, PrecisionOn(backend, training: true));
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>The number of the CUDA device, counted from 0; auto's is the first.</summary>
    /// <exception cref="DeviceException">No CUDA device was chosen, or there is none.</exception>
    /// <exception cref="InvalidInputException">It cannot run a model of these sizes.</exception>
    public int CudaOrdinal(BertConfig sizes)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        if (Device == "cpu") throw new DeviceException("--device cpu: expected a CUDA device");
        if (WhyUnsupported(sizes) is { } unfit) throw new InvalidInputException($"--device {Device}: {unfit}");
        return CudaDevice.Open(Device == "auto" ? 0 : Ordinal).Ordinal;
    }

    UsageException NoSuchPrecision(string device) => new($"--precision {Precision!.Value.Name()}: {device} has fp32 alone");

    int Ordinal => Device == "cuda" ? 0 : int.Parse(Device.AsSpan(CudaPrefix.Length), System.Globalization.CultureInfo.InvariantCulture);

    IBackend OpenAny(string? unfit, Action<string>? say)
    {
        string? reason = CudaDevice.WhyNone() ?? unfit;
        IBackend backend = reason is null ? new CudaBackend() : new CpuBackend(Threads);
        say?.Invoke(reason is null ? $"device: {backend.Name}" : $"device: {backend.Name} ({reason})");
        return backend;
    }

    static string? WhyUnsupported(BertConfig sizes)
    {
        foreach ((string name, int size) in new[] { ("hidden_size", sizes.HiddenSize), ("intermediate_size", sizes.IntermediateSize), ("hidden_size / num_attention_heads", sizes.HeadSize) })
            if (size % Granularity != 0) return $"{name} is {size}, expected a multiple of {Granularity} on CUDA";
        return null;
    }
}
