using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Support;

/// <summary>
/// A folder of transfer tasks in SentEval's layout, whose sentences name vectors: those of class k are normal with
/// variance 1 around a mean of class k.
/// </summary>
sealed class TransferFolder : IDisposable
{
    public const int Dimension = 4;

    /// <summary>Distance between the means of two classes; the best classifier is right with Φ(distance / 2).</summary>
    public const double Distance = 2;

    readonly List<double[]> _vectors = [];
    readonly Random _random;

    public TransferFolder(int seed) => _random = new(seed);

    public string Path { get; } = Directory.CreateTempSubdirectory("esimcse-transfer-").FullName;

    public string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes all tasks with some examples in each file, or in each class of a file.</summary>
    public TransferFolder WriteAll(int examples)
    {
        string[] classFiles =
        [
            "MR/rt-polarity", "CR/custrev", "MPQA/mpqa",
        ];
        foreach (string file in classFiles)
        {
            Write($"{file}.pos", Sentences(examples, 1));
            Write($"{file}.neg", Sentences(examples + 3, 0));
        }
        Write("SUBJ/subj.objective", Sentences(examples, 1));
        Write("SUBJ/subj.subjective", Sentences(examples, 0));
        foreach (string split in new[] { "train", "dev", "test" })
            Write($"SST/binary/sentiment-{split}", Labeled(examples, 2).Select(e => $"{e.Text}\t{e.Label}"));
        string[] types = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"];
        foreach (string file in new[] { "train_5500.label", "TREC_10.label" })
            Write($"TREC/{file}", Labeled(examples / 2, 6).Select(e => $"{types[e.Label]}:sub {e.Text}"));
        foreach (string split in new[] { "train", "test" })
            Write($"MRPC/msr_paraphrase_{split}.txt", ["header", .. Labeled(examples, 2).Select(Pair)]);
        return this;
    }

    public void Write(string path, params IEnumerable<string> lines)
    {
        string target = In(path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
        File.WriteAllText(target, string.Concat(lines.Select(line => line + "\n")));
    }

    /// <summary>Returns sentences whose vectors are drawn from a class.</summary>
    public IEnumerable<string> Sentences(int count, int label) =>
        Enumerable.Range(0, count).Select(_ => Sentence(Draw(label)));

    public double[] Vector(string sentence) =>
        _vectors[int.Parse(sentence.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)];

    /// <summary>Returns the vectors of sentences, as an encoder does.</summary>
    public float[] Encode(IReadOnlyList<string> sentences, Func<int, RowPlace> place) =>
        [.. sentences.SelectMany(sentence => Vector(sentence).Select(value => (float)value))];

    public TransferTask Read(string name) => TransferTasks.Read(Path).Single(task => task.Name == name);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    IEnumerable<(string Text, int Label)> Labeled(int perClass, int classes) =>
        from i in Enumerable.Range(0, perClass * classes)
        select (Sentence(Draw(i % classes)), i % classes);

    string Sentence(double[] vector)
    {
        _vectors.Add(vector);
        return $"v{_vectors.Count - 1}";
    }

    /// <summary>Returns a line of two sentences, whose vectors are close to each other in class 1.</summary>
    string Pair((string Text, int Label) example)
    {
        double spread = example.Label == 1 ? 0.7 : 2;
        double[] other = [.. Vector(example.Text).Select(value => (double)(float)(value + spread * Normal()))];
        return $"{example.Label}\t1\t2\t{example.Text}\t{Sentence(other)}";
    }

    /// <summary>Draws a vector; the mean of class k is on axis k mod 4, on its positive or negative side.</summary>
    double[] Draw(int label)
    {
        double[] vector = [.. Enumerable.Range(0, Dimension).Select(_ => Normal())];
        // Two means at right angles are √2 of their distance from the origin apart.
        vector[label % Dimension] += (label < Dimension ? 1 : -1) * Distance / Math.Sqrt(2);
        return [.. vector.Select(value => (double)(float)value)];
    }

    // Box and Muller.
    double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
