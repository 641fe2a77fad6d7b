using EsimCse.Core;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Native;

/// <summary>The pipeline of a device that works by itself, with threads that read and tokenize meanwhile.</summary>
public class StreamingTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    const int Rows = 5000, BatchTokens = 256, ShortestText = 3;

    /// <summary>The limit for what another thread does; far above the time that it takes.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    static readonly string[] Words = ["the", "a", "cat", "dogs", "old", "tree", "."];

    [Fact]
    public void It_gives_the_vectors_of_one_thread_in_order()
    {
        string[] texts = [.. Enumerable.Range(0, Rows).Select(Text)];
        using SentenceEncoder expected = OnCpu.Load(model.Run), actual = LoadSimulated();
        Assert.Equal(expected.Encode(texts), actual.Encode(texts));
        Assert.Equal(expected.Truncated, actual.Truncated);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Several_devices_give_the_vectors_of_one_in_order(int devices)
    {
        string[] texts = [.. Enumerable.Range(0, Rows).Select(Text)];
        using SentenceEncoder expected = OnCpu.Load(model.Run), actual = LoadSimulated(devices);
        Assert.Equal(expected.Encode(texts), actual.Encode(texts));
        Assert.Equal(expected.Encode(texts[..3]), actual.Encode(texts[..3]));
        Assert.Equal(devices, actual.Device.Split(", ").Length);
    }

    [Fact]
    public void An_urgent_chunk_is_answered_before_the_next_is_known()
    {
        using SentenceEncoder encoder = LoadSimulated();
        int answered = 0;
        foreach (float[] vectors in encoder.Encode(Ask(), default))
            Volatile.Write(ref answered, answered + vectors.Length / encoder.Dimension);
        Assert.Equal(3, answered);

        IEnumerable<RowChunk> Ask()
        {
            for (int line = 1; line <= 3; line++)
            {
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref answered) == line - 1, Limit));
                yield return new RowChunk([Row(line)], IsUrgent: true);
            }
        }
    }

    [Fact]
    public void An_error_comes_after_the_vectors_of_the_batches_before_it()
    {
        using SentenceEncoder encoder = LoadSimulated();
        int rows = 0;
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
        {
            foreach (float[] vectors in encoder.Encode(Fail(), default))
                rows += vectors.Length / encoder.Dimension;
        });
        Assert.Equal("line 2001", error.Message);
        // The rows of the batch that the error cut off are not embedded.
        Assert.InRange(rows, 2000 - BatchTokens / ShortestText, 1999);

        IEnumerable<RowChunk> Fail()
        {
            foreach (RowChunk chunk in Chunks(2000)) yield return chunk;
            throw new InvalidInputException("line 2001");
        }
    }

    [Fact]
    public void An_enumeration_that_ends_early_or_is_cancelled_ends_its_threads()
    {
        using CancellationTokenSource stop = new();
        using (SentenceEncoder encoder = LoadSimulated())
        {
            Assert.NotEmpty(encoder.Encode(Chunks(Rows), stop.Token).First());
            Assert.ThrowsAny<OperationCanceledException>(() =>
            {
                foreach (float[] _ in encoder.Encode(Chunks(Rows), stop.Token)) stop.Cancel();
            });
        }
        // The device was disposed of while no thread used it.
    }

    static IEnumerable<RowChunk> Chunks(int rows) =>
        from chunk in Enumerable.Range(1, rows).Select(Row).Chunk(100)
        select new RowChunk(chunk, IsUrgent: false);

    static SentenceRow Row(int line) => new(Text(line), new(File: null, line));

    static string Text(int index) =>
        string.Join(' ', Enumerable.Range(0, 1 + index % 9).Select(i => Words[(index + i * i) % Words.Length]));

    SentenceEncoder LoadSimulated(int devices = 1) => SentenceEncoder.LoadTo(
        [.. Enumerable.Range(0, devices).Select(_ => new SimulatedDevice(BatchTokens))],
        ModelFolder.Read(model.Run),
        new EncoderOptions());
}
