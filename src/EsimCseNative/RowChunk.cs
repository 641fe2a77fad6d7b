using EsimCse.Core.Text;

namespace EsimCseNative;

/// <summary>Rows of a text that are tokenized together.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="IsUrgent">Whether their vectors are wanted before the next rows are known.</param>
readonly record struct RowChunk(IReadOnlyList<SentenceRow> Rows, bool IsUrgent);
