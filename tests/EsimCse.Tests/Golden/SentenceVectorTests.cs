using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Golden;

public class SentenceVectorTests
{
    /// <summary>Of the largest value; PyTorch's own fp32 is within 1e-6 of the float64 rows.</summary>
    const double Largest = 5e-6;

    static string[] Sentences => File.ReadAllText(SharedData.Path("golden", "all-MiniLM-L6-v2", "sentences.txt")).TrimEnd('\n').Split('\n');

    [Theory]
    [InlineData("cls")]
    [InlineData("cls_before_pooler")]
    [InlineData("avg")]
    [InlineData("avg_top2")]
    [InlineData("avg_first_last")]
    [InlineData("sentence-transformers")]
    public void Vectors_equal_PyTorchs(string name)
    {
        EncoderOptions options = Pooler.TryParse(name, out Pooler? pooler) ? new() { Pooler = pooler, Normalize = false } : new();
        using SentenceEncoder encoder = OnCpu.Load(SharedData.Path("models", "all-MiniLM-L6-v2"), options);
        float[] expected = Npy.Read(SharedData.Path("golden", "all-MiniLM-L6-v2", name + ".npy"));
        float[] actual = [.. encoder.Encode(Sentences).SelectMany(vector => vector)];
        double largest = expected.Max(Math.Abs);
        Assert.Equal(expected.Length, actual.Length);
        double worst = expected.Zip(actual, (e, a) => Math.Abs(e - (double)a)).Max() / largest;
        Assert.True(worst < Largest, $"{name}: off by {worst:E2} of the largest value");
    }

    [Fact]
    public void A_vector_is_the_same_alone_and_in_any_batch()
    {
        using SentenceEncoder encoder = OnCpu.Load(SharedData.Path("models", "bert-mlm-l4-h384"), new() { Pooler = Pooler.ClsBeforePooler });
        string[] sentences = [.. Sentences.Take(60)];
        float[][] together = encoder.Encode(sentences), reversed = encoder.Encode([.. sentences.Reverse()]);
        for (int i = 0; i < sentences.Length; i++)
        {
            Assert.Equal(together[i], reversed[^(i + 1)]);
            if (i % 7 == 0) Assert.Equal(together[i], encoder.Encode(sentences[i]));
        }
    }
}
