using System.Globalization;

namespace EsimCse.Bench.Participants;

/// <summary>The sizes of a <see cref="TrainingWork"/>, as they stand on a participant's command line.</summary>
/// <param name="Model">The model folder.</param>
/// <param name="Text">The sentences, one a line.</param>
/// <param name="Threads">Threads in use.</param>
/// <param name="Batch">Sentences of a step.</param>
/// <param name="Queue">Rows of the queue.</param>
/// <param name="Dropout">The probability of dropout.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="Steps">Steps of a round.</param>
sealed record TrainingWorkOptions(
    string Model, string Text, int Threads, int Batch, int Queue, float Dropout, float LearningRate, int Steps)
{
    /// <summary>Reads the arguments that <see cref="ToArguments"/> wrote.</summary>
    public static TrainingWorkOptions Read(ReadOnlySpan<string> arguments) => new(
        arguments[0],
        arguments[1],
        Integer(arguments[2]),
        Integer(arguments[3]),
        Integer(arguments[4]),
        float.Parse(arguments[5], CultureInfo.InvariantCulture),
        float.Parse(arguments[6], CultureInfo.InvariantCulture),
        Integer(arguments[7]));

    /// <summary>Returns the arguments of a command line.</summary>
    public string[] ToArguments() =>
    [
        Model, Text, Number(Threads), Number(Batch), Number(Queue), Number(Dropout), Number(LearningRate),
        Number(Steps),
    ];

    static int Integer(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    static string Number(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
