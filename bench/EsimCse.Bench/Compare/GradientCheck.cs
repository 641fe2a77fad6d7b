using System.Globalization;
using EsimCse.Bench.Participants;
using EsimCse.Core.Files;

namespace EsimCse.Bench.Compare;

/// <summary>
/// Compares the losses and the gradients of a few steps without dropout, with a queue that fills and repetitions, with
/// those of libtorch's autograd. The learning rate is so low that the weights stay what they are.
/// </summary>
sealed class GradientCheck(WorkFolder work, Programs programs)
{
    const float LearningRate = 1e-9f;
    const double MaxLossDifference = 1e-5;
    const double MaxGradientDifference = 1e-3;

    /// <summary>
    /// Gradients below this share of the norm of all are compared with that norm: those of the key's biases are zero
    /// but for rounding.
    /// </summary>
    const double SmallGradient = 1e-4;

    /// <summary>Returns a line about a model, whether or not it agrees.</summary>
    public string Run(string name, string model, int batch, int queue)
    {
        string text = work.Sentences(batch * TrainingWork.CheckedSteps);
        TrainingWorkOptions options = new(
            model, text, Environment.ProcessorCount, batch, queue, Dropout: 0, LearningRate, Steps: 1);
        string title = $"{name}, batch {batch}, queue {queue}, step {TrainingWork.CheckedSteps}, no dropout";
        try
        {
            string ours = Steps(Programs.Own("fp32", ["train", .. options.ToArguments()]), "gradients-ours");
            string[] arguments = ["train", "all", .. options.ToArguments()];
            ParticipantStart torch = programs.Torch(Programs.TorchSharp, "fp32", options.Threads, arguments);
            return $"{title}: {Compare(ours, Steps(torch, "gradients-torch"))}";
        }
        catch (ParticipantException exception)
        {
            return $"{title}: not checked: {exception.Message}";
        }
    }

    string Steps(ParticipantStart start, string name)
    {
        string output = work.File(name + ".safetensors");
        using ParticipantProcess participant = ParticipantProcess.Open(start);
        participant.Check("", output);
        participant.End();
        return output;
    }

    static string Compare(string ours, string theirs)
    {
        using SafetensorsFile actual = SafetensorsFile.Open(ours);
        using SafetensorsFile expected = SafetensorsFile.Open(theirs);
        string[] names = [.. expected.Tensors.Keys.Where(name => name != TrainingWork.Losses)];
        if (names.FirstOrDefault(name => !actual.Tensors.ContainsKey(name)) is { } missing)
            return $"**no gradient of {missing}**";
        double loss = Read(actual, TrainingWork.Losses).Zip(Read(expected, TrainingWork.Losses), Difference).Max();
        double all = Math.Sqrt(names.Sum(name => SumOfSquares(Read(expected, name))));
        (string worst, double difference) = names
            .Select(name => (name, RelativeDifference(Read(actual, name), Read(expected, name), all)))
            .MaxBy(pair => double.IsNaN(pair.Item2) ? double.PositiveInfinity : pair.Item2);
        bool agrees = loss <= MaxLossDifference && difference <= MaxGradientDifference;
        string verdict = agrees ? "agree" : "**differ**";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{verdict}: losses within {loss:G2}; {names.Length} gradients by name within {difference:G2} " +
            $"of their norm, the worst {worst}");
    }

    static float[] Read(SafetensorsFile file, string name)
    {
        float[] values = new float[file.Tensors[name].Count];
        file.ReadFloats(file.Tensors[name], values);
        return values;
    }

    static double Difference(float x, float y) => Math.Abs(x - y);

    static double RelativeDifference(float[] actual, float[] expected, double all)
    {
        double difference = Math.Sqrt(actual.Zip(expected, (x, y) => ((double)x - y) * ((double)x - y)).Sum());
        return difference / Math.Max(Math.Sqrt(SumOfSquares(expected)), SmallGradient * all);
    }

    static double SumOfSquares(float[] values) => values.Sum(value => (double)value * value);
}
