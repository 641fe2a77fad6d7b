using EsimCse.Cpu;
using EsimCse.Cuda;
using EsimCse.Model;

namespace EsimCse;

/// <summary>Where to compute.</summary>
/// <param name="Device">auto (a CUDA device where there is one that can run the model, else the CPU), cpu, cuda or cuda:N.</param>
/// <param name="Threads">Threads of the CPU, at least 1; all cores by default.</param>
public sealed record DeviceChoice(string Device = "auto", int? Threads = null)
{
    const string CudaPrefix = "cuda:";
    const int Granularity = 8, MostColumns = 1024, MostHeadColumns = 128;

    /// <summary>Whether a text names a device or a way to choose one.</summary>
    public static bool IsValid(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device is "auto" or "cpu" or "cuda" || device.StartsWith(CudaPrefix, StringComparison.Ordinal) && int.TryParse(device.AsSpan(CudaPrefix.Length), out int n) && n >= 0;
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
        string? unfit = sizes is null ? null : Unfit(sizes);
        if (Device == "auto") return OpenAny(unfit, say);
        if (unfit is not null) throw new InvalidInputException($"--device {Device}: {unfit}");
        return new CudaBackend(Ordinal);
    }

    /// <summary>Fails where a CUDA device is asked for by name and there is none, before anything else is read.</summary>
    /// <exception cref="DeviceException">No such device.</exception>
    public void Require()
    {
        if (Device.StartsWith("cuda", StringComparison.Ordinal)) _ = CudaDevice.Open(Ordinal);
    }

    int Ordinal => Device == "cuda" ? 0 : int.Parse(Device.AsSpan(CudaPrefix.Length), System.Globalization.CultureInfo.InvariantCulture);

    IBackend OpenAny(string? unfit, Action<string>? say)
    {
        string? reason = CudaDevice.WhyNone() ?? unfit;
        IBackend backend = reason is null ? new CudaBackend() : new CpuBackend(Threads);
        say?.Invoke(reason is null ? $"device: {backend.Name}" : $"device: {backend.Name} ({reason})");
        return backend;
    }

    static string? Unfit(BertConfig sizes)
    {
        foreach ((string name, int size) in new[] { ("hidden_size", sizes.HiddenSize), ("intermediate_size", sizes.IntermediateSize), ("hidden_size / num_attention_heads", sizes.HeadSize) })
            if (size % Granularity != 0) return $"{name} is {size}, expected a multiple of {Granularity} on CUDA";
        if (sizes.HiddenSize > MostColumns) return $"hidden_size is {sizes.HiddenSize}, expected at most {MostColumns} on CUDA";
        return sizes.HeadSize > MostHeadColumns ? $"a head has {sizes.HeadSize} columns, expected at most {MostHeadColumns} on CUDA" : null;
    }
}
