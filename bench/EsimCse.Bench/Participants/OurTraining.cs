using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Peers;

namespace EsimCse.Bench.Participants;

/// <summary>Whole steps of ESimCSE as a run executes them.</summary>
sealed class OurTraining : IParticipant
{
    readonly CpuBackend _backend;
    readonly TrainingWork _work;
    readonly BertParameters _bert;
    readonly TrainingStep _step;
    readonly IBatchSource _source;
    readonly int _stepsOfRound;
    int _done;

    public OurTraining(TrainingWorkOptions options)
    {
        _work = new TrainingWork(options);
        _stepsOfRound = options.Steps;
        _backend = new CpuBackend(options.Threads);
        _bert = _work.Create(_backend);
        _step = new TrainingStep(_bert, _work.Options, int.MaxValue);
        _source = IBatchSource.Open(_backend, _work.Corpus, _work.Positives, _work.Options.BatchSize);
        _source.SetEpochOrder(_work.Order);
    }

    public string Settings => "no padding, last layer for [CLS] alone";

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
            .. _bert.Layout.Tensors.Select(parameter =>
                TensorToWrite.Floats(parameter.Name, parameter.Shape, () => Gradient(parameter))),
        ];
        SafetensorsWriter.Write(output, tensors, new Dictionary<string, string>());
    }

    public void Dispose()
    {
        _source.Dispose();
        _step.Dispose();
        _bert.Dispose();
        _backend.Dispose();
    }

    float Step()
    {
        _step.Run(_source, ++_done);
        return _step.Read().Loss;
    }

    float[] Gradient(ParameterTensor parameter)
    {
        float[] values = new float[parameter.Count];
        _backend.Download(parameter.In(_step.Gradients.Arena), values.AsSpan());
        return values;
    }
}
