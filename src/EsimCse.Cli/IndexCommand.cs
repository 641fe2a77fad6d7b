using System.CommandLine;
using System.Globalization;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Cpu;
using EsimCse.Search;
using EsimCse.Search.Hnsw;

namespace EsimCse.Cli;

/// <summary>The command <c>index</c>.</summary>
static class IndexCommand
{
    public static Command Create()
    {
        Argument<string> vectors = new("VECTORS")
        {
            Description = "The vectors: a .npy file of fp32 or fp16, rows x dimension, as embed writes it.",
        };
        Option<string> output = new("--output")
        {
            Description = "The folder to write; an index in it is replaced.",
            Required = true,
        };
        Option<string?> text = new("--text") { Description = "A file with a text for each row, which search shows." };
        Option<string?> column = CommonOptions.Column();
        Option<string> kind = new("--kind")
        {
            Description = "exact: a search compares the query with every vector. hnsw: with the candidates of a graph.",
            DefaultValueFactory = _ => IndexDescription.Exact,
        };
        kind.Checked(
            name => name is IndexDescription.Exact or IndexDescription.Hnsw,
            $"{IndexDescription.Exact} or {IndexDescription.Hnsw}");
        Option<int?> threads = CommonOptions.Number("--threads", "Threads that build hnsw; all cores by default.", 1);
        Command command = new("index", "Writes an index of vectors for search.")
        {
            vectors, output, text, column, kind, threads,
        };
        command.OnRun((parsed, stop) =>
        {
            IndexSource source = new(parsed.GetValue(vectors)!, parsed.GetValue(text), parsed.GetValue(column));
            bool isHnsw = parsed.GetValue(kind) == IndexDescription.Hnsw;
            Write(source, parsed.GetValue(output)!, isHnsw, parsed.GetValue(threads), stop);
        });
        return command;
    }

    static void Write(IndexSource source, string output, bool isHnsw, int? threads, CancellationToken stop)
    {
        OutputPath.RequireFolder(Path.TrimEndingDirectorySeparator(output));
        source.Check(output);
        if (isHnsw) UsearchLibrary.Require();
        IndexFolder.CheckReplaceable(output);
        using MappedVectors vectors = MappedVectors.Open(source.Vectors);
        using CpuBackend? backend = isHnsw ? new CpuBackend(threads) : null;
        using IndexProgress progress = new(vectors.Rows);
        HnswBuilder? hnsw = backend is null ? null : new HnswBuilder(backend, progress.Show);
        Recall? recall = IndexFolder.Write(output, vectors, source.ReadTexts(), source.TextName, hnsw, stop);
        progress.Dispose();
        string kind = isHnsw ? IndexDescription.Hnsw : IndexDescription.Exact;
        Console.Error.WriteLine($"{output}: {vectors.Rows} rows of {vectors.Dimension}, {kind}{Describe(recall)}");
    }

    static string Describe(Recall? recall) => recall is null
        ? ""
        : string.Create(
            CultureInfo.InvariantCulture,
            $", recall@{Recall.Neighbors} {recall.Value:F4} of {recall.Queries} rows that were held out");

    /// <summary>The inputs of an index.</summary>
    sealed record IndexSource(string Vectors, string? Text, string? Column)
    {
        public string? TextName => Text is null ? null : TextInputs.NameOf(Text);

        public IEnumerable<string>? ReadTexts() =>
            Text is null ? null : TextInputs.Create(Text).Read(Column).Select(row => row.Text);

        public void Check(string output)
        {
            foreach (string input in new[] { Vectors, Text ?? TextInputs.StandardInput })
                if (input != TextInputs.StandardInput && FileIdentity.Contains(output, input))
                    throw new UsageException($"--output {output}: holds the input {input}, expected another folder");
            if (Text is null && Column is not null)
                throw new UsageException($"--column {Column}: found no --text, whose column it is");
        }
    }
}
