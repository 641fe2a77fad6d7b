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

    /// <summary>
    /// Gradients below this share of the norm of all are compared with that norm: those of the key's biases are zero
    /// but for rounding.
    /// </summary>
    const double SmallGradient = 1e-4;

    /// <summary>Returns a line about each variant of TorchSharp on a model, whether or not it agrees.</summary>
    public IEnumerable<string> Run(string name, string model, int batch, int queue, TorchVariant[] variants)
    {
        string text = work.Sentences(batch * TrainingWork.CheckedSteps);
        TrainingWorkOptions options = new(
            model, text, Environment.ProcessorCount, batch, queue, Dropout: 0, LearningRate, Steps: 1);
        string title = $"{name}, batch {batch}, queue {queue}, step {TrainingWork.CheckedSteps}, no dropout";
        string ours = Steps(Programs.Own("fp32", ["train", .. options.ToArguments()]), "gradients-ours");
        foreach (TorchVariant variant in variants)
        {
            string line = $"{title}, {variant.Name} {variant.Precision}: {Check(ours, variant, options)}";
            Console.Error.WriteLine(line);
            yield return line;
        }
    }

    string Check(string ours, TorchVariant variant, TrainingWorkOptions options)
    {
        try
        {
            return Compare(ours, Steps(variant.Start(programs, options), "gradients-torch"), variant);
        }
        catch (ParticipantException exception)
        {
            return $"not checked: {exception.Message}";
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

    static string Compare(string ours, string theirs, TorchVariant variant)
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
        bool agrees = loss <= variant.MaxLossDifference && difference <= variant.MaxGradientDifference;
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
