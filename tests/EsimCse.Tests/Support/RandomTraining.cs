using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;

namespace EsimCse.Tests.Support;

/// <summary>Training of a small random model on random sentences: the same ones on every device.</summary>
sealed class RandomTraining : IDisposable
{
    const int ScheduledSteps = 12;
    const int QueueSize = 20;

    /// <summary>Elements between two parameters that belong to neither.</summary>
    const int Gap = 24;

    const int MaskId = 4;
    const float MlmWeight = 0.5f;

    readonly Random _random = new(8);
    readonly bool _mlm;

    public RandomTraining(
        IBackend backend,
        BertConfig config,
        Pooler pooler,
        ElementType type = ElementType.Float32,
        bool mlm = false)
    {
        Backend = backend;
        _mlm = mlm;
        Parameters = BertParameters.Random(backend, config, pooler.HasHead, seed: 3, type, Gap, mlm);
        TrainingOptions options = new()
        {
            Pooler = pooler,
            QueueSize = QueueSize,
            LearningRate = 1e-3f,
            Dropout = 0.1f,
            Momentum = 0.9f,
            MlmWeight = mlm ? MlmWeight : 0,
        };
        Step = new TrainingStep(Parameters, options, ScheduledSteps);
    }

    public IBackend Backend { get; }

    public BertParameters Parameters { get; }

    public TrainingStep Step { get; }

    /// <summary>Runs a step on random sentences of 2 to 21 tokens; positives repeat the first word.</summary>
    public StepResult Run(int sentences = 7)
    {
        int[][] anchors = [.. Enumerable.Range(0, sentences).Select(_ => Sentence())];
        int[][] positives = [.. anchors.Select(ids => ids.Length > 3 ? [.. ids[..2], .. ids[1..]] : ids)];
        GivenMasks? masks = _mlm ? Mask([.. anchors, .. positives]) : null;
        Step.Run(masks, masks?.Count ?? 0, anchors, positives);
        return Step.Read();
    }

    /// <summary>Runs steps on seven random sentences each.</summary>
    public List<StepResult> RunMany(int steps) => [.. Enumerable.Range(0, steps).Select(_ => Run())];

    /// <summary>Returns the values of each tensor of an arena, by name: the gaps between them are left out.</summary>
    public Dictionary<string, double[]> Tensors(Matrix arena) => Parameters.Layout.Tensors.ToDictionary(
        tensor => tensor.Name,
        tensor =>
        {
            float[] values = new float[tensor.Count];
            Backend.Download(tensor.In(arena), values.AsSpan());
            return (double[])[.. values.Select(value => (double)value)];
        });

    /// <summary>Returns the bits of the state, without the gaps between tensors, whose content is undefined.</summary>
    public byte[] StateBits()
    {
        List<byte> bits = [];
        foreach ((_, Matrix matrix) in Step.State)
        {
            bool holdsTensors = matrix.Columns == Parameters.Layout.Length;
            IEnumerable<Matrix> parts = Parameters.Layout.Tensors.Select(tensor => tensor.In(matrix));
            foreach (Matrix part in holdsTensors ? parts : [matrix])
            {
                byte[] bytes = new byte[part.Bytes];
                Backend.Download(part, bytes.AsSpan());
                bits.AddRange(bytes);
            }
        }
        return [.. bits];
    }

    public void Dispose()
    {
        Step.Dispose();
        Parameters.Dispose();
    }

    /// <summary>Masks every third token or so.</summary>
    GivenMasks Mask(int[][] sentences)
    {
        int[][] labels = [.. sentences.Select(ids => ids.Select(Label).ToArray())];
        int[][] masked = [.. sentences.Zip(labels, (ids, chosen) => ids.Zip(chosen, Masked).ToArray())];
        return new GivenMasks(Backend, masked, labels);

        int Label(int id) => id > MaskId && _random.Next(3) == 0 ? id : -1;
        static int Masked(int id, int label) => label < 0 ? id : MaskId;
    }

    int[] Sentence() => [2, .. Enumerable.Range(0, _random.Next(0, 20)).Select(_ => _random.Next(5, 20)), 3];
}
