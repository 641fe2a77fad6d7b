using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Cpu;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Native;

public class DeviceChoiceTests
{
    [Theory]
    [InlineData("auto", true)]
    [InlineData("cpu", true)]
    [InlineData("cuda", true)]
    [InlineData("cuda:0", true)]
    [InlineData("cuda:12", true)]
    [InlineData("cuda:", false)]
    [InlineData("cuda: 1", false)]
    [InlineData("cuda:-1", false)]
    [InlineData("cuda:all", true)]
    [InlineData("cuda:1,cuda:0", true)]
    [InlineData("cuda:0,cuda:0", false)]
    [InlineData("cuda:0,cpu", false)]
    [InlineData("cuda:0,", false)]
    [InlineData("cuda:0,cuda", false)]
    [InlineData("CPU", false)]
    [InlineData("", false)]
    public void A_device_is_auto_cpu_cuda_or_numbers_of_cuda(string device, bool valid)
    {
        Assert.Equal(valid, DeviceChoice.IsValid(device));
        if (!valid) Assert.Throws<ArgumentException>(() => new DeviceChoice(device).Open());
    }

    [Theory]
    [InlineData(ElementType.Float32, true, true)]
    [InlineData(ElementType.BFloat16, true, false)]
    [InlineData(ElementType.Int8, true, false)]
    [InlineData(ElementType.Float16, false, false)]
    [InlineData(ElementType.Int32, false, false)]
    public void The_CPU_embeds_in_three_precisions_and_trains_in_one(ElementType type, bool embeds, bool trains)
    {
        using IBackend backend = new DeviceChoice("cpu", Threads: 1).Open();
        Assert.IsType<CpuBackend>(backend);
        Assert.Equal(ElementType.Float32, new DeviceChoice("cpu").PrecisionOn(backend, training: true));
        Assert.Equal(ElementType.Float32, new DeviceChoice("cpu").PrecisionOn(backend, training: false));
        DeviceChoice choice = new("cpu", Precision: type);
        foreach ((bool training, bool expected) in new[] { (false, embeds), (true, trains) })
        {
            if (expected)
            {
                choice.Require(training);
                Assert.Equal(type, choice.PrecisionOn(backend, training));
                continue;
            }
            Assert.Throws<UsageException>(() => choice.PrecisionOn(backend, training));
            Assert.Throws<UsageException>(() => choice.Require(training));
        }
    }

    [Fact]
    public void CUDA_has_no_int8()
    {
        Backends.RequireCuda();
        DeviceChoice choice = new("cuda", Precision: ElementType.Int8);
        using IBackend backend = Backends.Create(Backends.Cuda);
        Assert.Throws<UsageException>(() => choice.PrecisionOn(backend, training: false));
        Assert.Throws<UsageException>(() => choice.Require());
    }

    [Fact]
    public void Training_has_no_fp16() =>
        Assert.Throws<UsageException>(() => new DeviceChoice(Precision: ElementType.Float16).Require(training: true));

    [Fact]
    public void Auto_falls_back_to_the_CPU_and_logs_the_reason()
    {
        // Before the device is looked for: a library that was missing once is not searched again.
        Backends.RequireCuda();
        using SmallModel small = new();
        BertConfig odd = BertConfig.Read(small.In("config.json")) with { IntermediateSize = 20 };
        ListLogger logger = new();
        using IBackend backend = new DeviceChoice(Threads: 1).Open(odd, logger);
        Assert.IsType<CpuBackend>(backend);
        string reason = "intermediate_size is 20, expected a multiple of 8 on CUDA";
        Assert.Equal([$"device: {backend.Name} ({reason})"], logger.Messages);
    }
}
