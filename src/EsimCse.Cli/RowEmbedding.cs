using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>Rows of inputs and their encoder.</summary>
/// <param name="Encoder">The encoder.</param>
/// <param name="Inputs">The inputs.</param>
/// <param name="Column">The column of sentences; null for the default.</param>
/// <param name="Kept">The columns that are carried along.</param>
/// <param name="Summary">Counts the rows that are embedded.</param>
sealed record RowEmbedding(
    SentenceEncoder Encoder, TextInputs Inputs, string? Column, KeptInput Kept, EmbedSummary Summary)
{
    /// <summary>Reads the rows of all inputs.</summary>
    /// <exception cref="InvalidInputException">An input is missing or not valid.</exception>
    public IEnumerable<SentenceRow> Read() => Inputs.Read(Column, Kept.Columns);

    /// <summary>Returns the vectors of rows in parts, [rows, dimension].</summary>
    /// <exception cref="InvalidInputException">A row cannot be read, or its vector is not finite.</exception>
    public IEnumerable<float[]> Encode(IEnumerable<SentenceRow> rows, CancellationToken stop)
    {
        if (Inputs.IsStandardInput)
            return Encoder.Encode(PromptChunks.Read(Kept.Record(Summary.Count(rows, progress: null)), stop), stop);
        return Encoder.Encode(Kept.Record(Summary.Count(rows, new EmbedProgress(Inputs.Bytes))), stop);
    }
}
