using System.Globalization;
using System.Text;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Training;

/// <summary>
/// The model card of a trained folder, README.md: data, options, scores, and how to load it. It holds no time and no
/// path, so that the same run gives the same bytes.
/// </summary>
static class ModelCard
{
    /// <summary>Name of the file in a model folder.</summary>
    public const string Name = "README.md";

    /// <summary>The last line. A README.md without it is not ours, and stays.</summary>
    const string Mark = "<!-- Written by esimcse train, which keeps a README.md without this line. -->";

    /// <summary>Writes the card, unless the folder has a README.md of somebody else.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="run">The options and inputs of the run.</param>
    /// <param name="pooler">The pooling of the saved model.</param>
    /// <param name="best">The step of the saved model and its scores; null for the last step, without scores.</param>
    public static void Write(string folder, RunDescription run, Pooler pooler, (int Step, DevEvaluation Scores)? best)
    {
        string path = Path.Combine(folder, Name);
        if (Path.Exists(path) && !IsOurs(path)) return;
        byte[] bytes = Encoding.UTF8.GetBytes(Create(run, pooler, best));
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    static bool IsOurs(string path) => File.Exists(path) && File.ReadLines(path).LastOrDefault() == Mark;

    static string Create(RunDescription run, Pooler pooler, (int Step, DevEvaluation Scores)? best)
    {
        bool opensElsewhere = pooler.SentenceTransformersMode is not null;
        string library = opensElsewhere ? "library_name: sentence-transformers\n" : "";
        string data = string.Join(", ", run.Data.Select(Code));
        bool isSupervised = run.Options.Any(option => option.Key == "columns");
        string kind = isSupervised ? "on pairs of similar sentences" : "without labels";
        return $"""
            ---
            {library}pipeline_tag: sentence-similarity
            tags:
            - sentence-similarity
            - feature-extraction
            - esimcse
            ---

            # Sentence encoder trained with ESimCSE

            This model maps sentences to vectors whose cosine measures how similar the sentences are. EsimCseNative
            {run.Version} trained it {kind} by [ESimCSE](https://arxiv.org/abs/2109.04380).

            ## Data

            - Start: {Code(run.Model)}
            - Sentences: {Text(run.Sentences)}, of {data}
            - Steps: {Text(run.Steps)}; this is the model of step {Text(best?.Step ?? run.Steps)}

            ## Scores

            {Scores(best?.Scores)}
            ## Use

            {Usage(opensElsewhere)}
            ## Options

            {Options(run)}
            {Mark}

            """.ReplaceLineEndings("\n");
    }

    static string Scores(DevEvaluation? scores)
    {
        if (scores is null) return "The run had no evaluation data.\n";
        string rows = string.Concat(
            scores.Values.Where(score => double.IsFinite(score.Value))
                .Select(score => string.Create(CultureInfo.InvariantCulture, $"| {score.Key} | {score.Value:F4} |\n")));
        return $"""
            Of the dev set of the STS benchmark: Spearman's correlation; alignment and uniformity of the vectors; then
            correlation and mean cosine of the pairs whose lengths differ by at most 3 tokens, and of the others.

            | score | value |
            |---|---|
            {rows}
            """;
    }

    static string Usage(bool opensElsewhere)
    {
        const string tool = "    esimcse embed FOLDER sentences.txt --output vectors.npy\n";
        if (!opensElsewhere) return tool + "\nThe pooling is named in `esimcse.json`: other programs lack it.\n";
        return $"""
            {tool}
            With sentence-transformers:

            ```python
            from sentence_transformers import SentenceTransformer

            model = SentenceTransformer("FOLDER")
            vectors = model.encode(["A man is playing a flute.", "Somebody makes music."])
            ```

            """;
    }

    static string Options(RunDescription run)
    {
        IEnumerable<string> rows = run.Options.Select(option => $"| {option.Key} | {option.Value} |\n");
        return $"| option | value |\n|---|---|\n{string.Concat(rows)}";
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns a name as code, on one line.</summary>
    static string Code(string name) => $"`{name.Replace('`', '\'').ReplaceLineEndings(" ")}`";
}
