using System.Diagnostics;
using System.Globalization;
using System.Text;
using EsimCse.Bench.Compare;
using EsimCse.Bench.Hardware;
using EsimCse.Core.Model;
using EsimCse.Core.Model.SentenceTransformers;
using EsimCse.Core.Text;
using EsimCse.Formats;
using EsimCseNative;

namespace EsimCse.Bench.Pipeline;

/// <summary>
/// Measures the stages of embed, each alone on one thread, and the pipeline of all of them next to the engine's own
/// rate.
/// </summary>
static class PipelineCommand
{
    /// <summary>Runs in turn of which the medians are taken.</summary>
    const int Repetitions = 7;

    /// <summary>Sentences for the stages, and for the engine, which is slower.</summary>
    const int StageSentences = 10_000, EngineSentences = 2_000;

    /// <summary>Runs the command: the folder of data, and the page to write.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(string[] arguments)
    {
        string data = arguments[0];
        string output = arguments.ElementAtOrDefault(1)
            ?? Path.Combine(Programs.Repository, "bench", "results", Machine.FileName + "-pipeline.md");
        WorkFolder work = new(data);
        string model = Path.Combine(data, "models", "all-MiniLM-L6-v2");
        using SentenceEncoder encoder = SentenceEncoder.Load(model, new() { Device = new DeviceChoice("cpu") });
        string date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        StringBuilder page = new();
        page.Append(CultureInfo.InvariantCulture, $"""
            # The pipeline of embed

            {Machine.Describe()}. {date}. Written by

                dotnet run -c Release --project bench/EsimCse.Bench -- pipeline DATA

            all-MiniLM-L6-v2 in fp32, sentences of `wikipedia-en-10k.txt`; medians of {Repetitions} runs.


            """);
        WriteStages(page, encoder, work.Sentences(StageSentences));
        WriteRates(page, encoder, work.Sentences(EngineSentences), work.File("pipeline.npy"));
        File.WriteAllText(output, page.ToString().ReplaceLineEndings("\n"));
        Console.Write(page);
        return 0;
    }

    static void WriteStages(StringBuilder page, SentenceEncoder encoder, string text)
    {
        string[] sentences = [.. SentenceFile.Read(text).Select(row => row.Text)];
        IReadOnlyList<int[]> ids = encoder.Tokenize(sentences);
        float[] vectors = new float[sentences.Length * encoder.Dimension];
        Random random = new(1);
        foreach (ref float value in vectors.AsSpan()) value = random.NextSingle();
        using EsimCse.Cpu.CpuBackend backend = new(1);
        using Embedder embedder = new(backend, encoder.Folder.Config, encoder.Pooler);
        (string Name, Action Run)[] stages =
        [
            ("read", () => Enumerate(SentenceFile.Read(text))),
            ("tokenize", () => encoder.Tokenize(sentences)),
            ("pack", () => Enumerate(embedder.Pack(ids.Select(row => row)))),
            ("normalize", () => Normalize(vectors, encoder.Dimension)),
            ("write .npy", () => new NpyWriter().Write(new MemoryStream(), Rows(vectors, encoder.Dimension))),
        ];
        page.Append("| stage, one thread | µs a sentence | sentences/s |\n| --- | --- | --- |\n");
        double all = 0;
        foreach ((string name, Action run) in stages)
        {
            double seconds = Statistics.Median(Time(run)) / sentences.Length;
            all += seconds;
            Append(page, name, seconds);
        }
        Append(page, "all of them", all);
        page.Append(CultureInfo.InvariantCulture, $"""

            A device that answers 120 000 sentences a second leaves 16 threads {16e6 / 120_000:F0} µs a sentence.


            """);
    }

    static void WriteRates(StringBuilder page, SentenceEncoder encoder, string text, string output)
    {
        IReadOnlyList<int[]> ids = encoder.Tokenize([.. SentenceFile.Read(text).Select(row => row.Text)]);
        (double engine, double pipeline) = TimeInTurn(
            () => encoder.Encode(ids),
            () => VectorFile.Write(
                output, new(encoder.Dimension, encoder.Encode(SentenceFile.Read(text), CancellationToken.None))));
        page.Append("| from | to | sentences/s | of the engine's rate |\n| --- | --- | --- | --- |\n");
        Append("ids in memory", "vectors in memory", engine);
        Append("a file of text", "a file of vectors", pipeline);

        void Append(string from, string to, double seconds) => page.Append(
            CultureInfo.InvariantCulture,
            $"| {from} | {to} | {ids.Count / seconds:F0} | {engine / seconds:F2} |\n");
    }

    static void Append(StringBuilder page, string name, double seconds) =>
        page.Append(CultureInfo.InvariantCulture, $"| {name} | {1e6 * seconds:F2} | {1 / seconds:F0} |\n");

    static void Normalize(float[] vectors, int dimension)
    {
        for (int from = 0; from < vectors.Length; from += dimension)
            NormalizeModule.Normalize(vectors.AsSpan(from, dimension));
    }

    static void Enumerate<T>(IEnumerable<T> items)
    {
        foreach (T _ in items) { }
    }

    static VectorRows Rows(float[] vectors, int dimension) => new(dimension, [vectors]);

    static double[] Time(Action run)
    {
        run();
        return [.. Enumerable.Range(0, Repetitions).Select(_ => TimeOnce(run))];
    }

    static (double First, double Second) TimeInTurn(Action first, Action second)
    {
        first();
        second();
        double[] firsts = new double[Repetitions], seconds = new double[Repetitions];
        for (int i = 0; i < Repetitions; i++)
        {
            firsts[i] = TimeOnce(first);
            seconds[i] = TimeOnce(second);
        }
        return (Statistics.Median(firsts), Statistics.Median(seconds));
    }

    static double TimeOnce(Action run)
    {
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
