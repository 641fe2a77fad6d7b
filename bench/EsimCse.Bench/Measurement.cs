namespace EsimCse.Bench;

/// <summary>The times of one piece of work, and its size.</summary>
/// <param name="Milliseconds">The time of a run, for each repetition.</param>
/// <param name="Sentences">Sentences of a run; 0 where there are none.</param>
/// <param name="FloatingPointOperations">Multiplications and additions of the matrix products of a run.</param>
/// <param name="Bytes">Bytes that a run must read and write besides those of products.</param>
sealed record Measurement(
    double[] Milliseconds, double Sentences, double FloatingPointOperations, double Bytes)
{
    public double Median => Milliseconds.Order().ElementAt(Milliseconds.Length / 2);
}
