using System.Globalization;
using System.Runtime.InteropServices;
using EsimCse.Bench.Participants;
using EsimCse.Core;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model;
using EsimCse.Core.Text;

namespace EsimCse.Bench.Compare;

/// <summary>Embedding in all participants, from text, on the same weights.</summary>
sealed class EmbeddingComparison(CompareOptions options, WorkFolder work, Programs programs)
{
    const int MaxLength = 256;
    const int CheckedSentences = 64;
    const double MinCosine = 0.99999;

    /// <summary>Runs the comparison on one model.</summary>
    /// <param name="name">The model's name in the title.</param>
    /// <param name="model">Its folder.</param>
    /// <param name="sentences">The number of sentences of a round.</param>
    /// <param name="rounds">Rounds of each participant.</param>
    /// <param name="scores">Whether vectors are scored on similarity: those of random weights mean nothing.</param>
    public ComparisonTable Run(string name, string model, int sentences, int rounds, bool scores)
    {
        string text = work.Sentences(sentences);
        BertConfig config = BertConfig.Read(Path.Combine(model, "config.json"));
        BertTokenizer tokenizer = BertTokenizer.Load(model);
        double tokens = File.ReadLines(text).Sum(line => Math.Min(tokenizer.Encode(line).Length, MaxLength));
        string checkedText = work.Sentences(Math.Min(sentences, CheckedSentences));
        EmbeddingCheck check = new(work, checkedText, config.HiddenSize, scores ? options.Data : null);
        List<RaceResult> results = [];
        foreach (int threads in options.Threads)
            results.AddRange(
                Race.Run(Starts(model, text, threads), threads, options.Rounds(rounds, threads), check.Run));
        string length = (tokens / sentences).ToString("F1", CultureInfo.InvariantCulture);
        return new ComparisonTable(
            $"Embedding, {name}",
            $"{sentences} sentences of {length} tokens, from text, {options.DescribeRounds(rounds, "rounds")}.",
            "sentences/s",
            results)
        {
            Items = sentences,
            FloatingPointOperations = config.MatmulOperations(tokens),
        };
    }

    ParticipantStart[] Starts(string model, string text, int threads)
    {
        string length = MaxLength.ToString(CultureInfo.InvariantCulture);
        string count = threads.ToString(CultureInfo.InvariantCulture);
        return
        [
            Ours("fp32"), Onnx("fp32"), Torch("fp32"), Ours("bf16"), Torch("bf16"), Ours("int8"), Onnx("int8"),
        ];

        ParticipantStart Ours(string precision) =>
            Programs.Own(precision, "embed", model, text, length, count, precision) with
            {
                Missing = OurEmbedding.WhyUnsupported(precision),
            };

        ParticipantStart Onnx(string precision) =>
            programs.Onnx(precision, model, text, length, count, precision);

        ParticipantStart Torch(string precision) => programs.Torch(
            Programs.TorchSharp, precision, threads, "embed", model, text, length, count, precision);
    }

    /// <summary>
    /// Compares vectors with our fp32 ones: those of fp32 must be the same, the others are described, by their
    /// correlation with people's scores of similarity too.
    /// </summary>
    sealed class EmbeddingCheck(WorkFolder work, string text, int width, string? data)
    {
        readonly Dictionary<string, string> _scores = [];
        float[]? _expected;

        public string Run(ParticipantProcess participant)
        {
            float[] vectors = Vectors(participant, text);
            _expected ??= vectors;
            (double cosine, double difference) = Compare(vectors);
            bool isFp32 = participant.Start.Precision == "fp32";
            string agreement = string.Create(
                CultureInfo.InvariantCulture, $"cosine ≥ {cosine:F6}, difference ≤ {difference:G2}");
            // Written so that a cosine that is not a number fails too.
            if (isFp32 && !(cosine >= MinCosine)) throw new ParticipantException($"vectors differ: {agreement}");
            bool isScored = data is not null && (participant.Start.IsOurs || !isFp32);
            return isScored ? $"{agreement}; STS-B {Score(participant)}" : agreement;
        }

        /// <summary>Returns the least cosine and the largest difference, of vectors divided by their norms.</summary>
        (double Cosine, double Difference) Compare(float[] vectors)
        {
            double least = 1;
            double largest = 0;
            for (int i = 0; i < _expected!.Length; i += width)
            {
                ReadOnlySpan<float> expected = _expected.AsSpan(i, width);
                ReadOnlySpan<float> actual = vectors.AsSpan(i, width);
                double cosine = Similarity.Cosine(expected, actual);
                if (double.IsNaN(cosine)) return (double.NaN, double.NaN);
                least = Math.Min(least, cosine);
                double scale = 1 / Norm(expected);
                double otherScale = 1 / Norm(actual);
                for (int column = 0; column < width; column++)
                    largest = Math.Max(largest, Math.Abs(expected[column] * scale - actual[column] * otherScale));
            }
            return (least, largest);
        }

        /// <summary>Returns the correlation on STS-B's test pairs, × 100; computed once.</summary>
        string Score(ParticipantProcess participant)
        {
            string key = participant.Start.ToString();
            if (_scores.TryGetValue(key, out string? known)) return known;
            IReadOnlyList<ScoredPair> pairs = StsSets.Read(Path.Combine(data!, "sts"), "stsb-test");
            string[] sentences = StsSets.Sentences(pairs);
            float[] vectors = Vectors(participant, work.Lines("stsb-test.txt", sentences));
            SetScore score = SetScore.Compute(vectors, width, new int[sentences.Length], pairs);
            return _scores[key] = (100 * score.Spearman).ToString("F2", CultureInfo.InvariantCulture);
        }

        float[] Vectors(ParticipantProcess participant, string input)
        {
            string output = work.File("vectors.bin");
            participant.Check(input, output);
            float[] vectors = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(output)).ToArray();
            int expected = File.ReadLines(input).Count() * width;
            if (vectors.Length == expected) return vectors;
            throw new ParticipantException($"{vectors.Length} numbers, expected {expected}");
        }

        static double Norm(ReadOnlySpan<float> vector)
        {
            double squares = 0;
            foreach (float value in vector) squares += (double)value * value;
            return Math.Sqrt(squares);
        }
    }
}
