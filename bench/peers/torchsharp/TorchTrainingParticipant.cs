using EsimCse.Bench.Participants;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Cpu;
using static TorchSharp.torch;

namespace EsimCse.Peers.TorchSharp;

/// <summary>Whole steps of ESimCSE in libtorch, with dropout of its own.</summary>
sealed class TorchTrainingParticipant : IParticipant
{
    readonly CpuBackend _backend = new(1);
    readonly TrainingWork _work;
    readonly BertParameters _start;
    readonly TorchTraining _training;
    readonly int _stepsOfRound;
    int _done;

    public TorchTrainingParticipant(TrainingWorkOptions options, bool clsOnly, ScalarType type)
    {
        _work = new TrainingWork(options);
        _stepsOfRound = options.Steps;
        _start = _work.Create(_backend);
        _training = new TorchTraining(_start, _work.Options, int.MaxValue, ourMasks: false, clsOnly, type);
    }

    public string Settings => "scaled_dot_product_attention, AdamW in place";

    public void Run()
    {
        for (int i = 0; i < _stepsOfRound; i++) Step();
    }

    public void Check(string input, string output)
    {
        float[] losses = [.. Enumerable.Range(0, TrainingWork.CheckedSteps).Select(_ => Step())];
        TensorToWrite[] tensors =
        [
            TensorToWrite.Floats(TrainingWork.Losses, [losses.Length], () => losses),
            .. _start.Layout.Tensors.Select(parameter =>
                TensorToWrite.Floats(parameter.Name, parameter.Shape, () => _training.Gradient(parameter.Name))),
        ];
        SafetensorsWriter.Write(output, tensors, new Dictionary<string, string>());
    }

    public void Dispose()
    {
        _training.Dispose();
        _start.Dispose();
        _backend.Dispose();
    }

    float Step()
    {
        (int[][] anchors, int[][] positives) = _work.Views(++_done);
        return _training.Step(anchors, positives).Loss;
    }
}
