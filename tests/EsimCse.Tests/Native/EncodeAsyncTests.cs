using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EsimCse.Core;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Native;

public class EncodeAsyncTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    /// <summary>Limit for what another thread does; far above the time that it takes.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    static string Text(int index) => $"the {(index % 3 == 0 ? "old" : "")} cat {index % 7} a dog {index % 5}";

    static async IAsyncEnumerable<string> Texts(int count, [EnumeratorCancellation] CancellationToken stop = default)
    {
        for (int i = 0; i < count; i++)
        {
            if (i % 100 == 0) await Task.Yield();
            stop.ThrowIfCancellationRequested();
            yield return Text(i);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    public async Task It_gives_the_vectors_of_Encode_in_order(int count)
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        float[][] vectors = await encoder.EncodeAsync(Texts(count, Stop), Stop).ToArrayAsync(Stop);
        Assert.Equal(encoder.Encode([.. Enumerable.Range(0, count).Select(Text)], Stop), vectors);
    }

    [Fact]
    public async Task A_sentence_is_answered_before_the_next_arrives()
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        Channel<string> sentences = Channel.CreateUnbounded<string>();
        await using IAsyncEnumerator<float[]> vectors =
            encoder.EncodeAsync(sentences.Reader.ReadAllAsync(Stop), Stop).GetAsyncEnumerator(Stop);
        for (int i = 0; i < 3; i++)
        {
            await sentences.Writer.WriteAsync(Text(i), Stop);
            Assert.True(await vectors.MoveNextAsync().AsTask().WaitAsync(Limit, Stop));
            Assert.Equal(encoder.Encode(Text(i)), vectors.Current);
        }
        sentences.Writer.Complete();
        Assert.False(await vectors.MoveNextAsync().AsTask().WaitAsync(Limit, Stop));
    }

    [Fact]
    public async Task Sentences_wait_where_no_vector_is_read()
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        int read = 0;
        await using IAsyncEnumerator<float[]> vectors =
            encoder.EncodeAsync(Endless(), Stop).GetAsyncEnumerator(Stop);
        Assert.True(await vectors.MoveNextAsync().AsTask().WaitAsync(Limit, Stop));
        int before;
        do
        {
            before = Volatile.Read(ref read);
            await Task.Delay(500, Stop);
        }
        while (Volatile.Read(ref read) > before);
        Assert.InRange(before, 1, 100_000);

        async IAsyncEnumerable<string> Endless([EnumeratorCancellation] CancellationToken stop = default)
        {
            await Task.Yield();
            while (!stop.IsCancellationRequested)
            {
                Interlocked.Increment(ref read);
                yield return "the cat";
            }
        }
    }

    [Fact]
    public async Task An_error_of_the_sentences_comes_after_the_vectors_before_it()
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        List<float[]> vectors = [];
        InvalidInputException error = await Assert.ThrowsAsync<InvalidInputException>(async () =>
        {
            await foreach (float[] vector in encoder.EncodeAsync(Fail(), Stop)) vectors.Add(vector);
        });
        Assert.Equal("no more", error.Message);
        Assert.NotEmpty(vectors);

        static async IAsyncEnumerable<string> Fail()
        {
            await Task.Yield();
            for (int i = 0; i < 6000; i++) yield return Text(i);
            throw new InvalidInputException("no more");
        }
    }

    [Fact]
    public async Task Cancellation_and_an_early_end_stop_the_work()
    {
        using (SentenceEncoder encoder = OnCpu.Load(model.Run))
        {
            using CancellationTokenSource stop = new();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (float[] _ in encoder.EncodeAsync(Texts(1_000_000), stop.Token)) await stop.CancelAsync();
            }).WaitAsync(Limit, Stop);
            await foreach (float[] _ in encoder.EncodeAsync(Texts(1_000_000), Stop)) break;
        }
        // The backend was disposed of while no thread used it.
    }

    [Fact]
    public async Task Sixteen_callers_at_once_get_their_own_vectors()
    {
        const int callers = 16, count = 300;
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        string[][] texts = [.. Enumerable.Range(0, callers).Select(Own)];
        float[][][] expected = [.. texts.Select(own => encoder.Encode(own, Stop))];
        float[][][] together = await Task.WhenAll(texts.Select(own => Task.Run(() => encoder.Encode(own, Stop), Stop)));
        Assert.Equal(expected, together);
        float[][][] streamed = await Task.WhenAll(texts.Select(
            own => encoder.EncodeAsync(own.ToAsyncEnumerable(), Stop).ToArrayAsync(Stop).AsTask()));
        Assert.Equal(expected, streamed);

        static string[] Own(int caller) => [.. Enumerable.Range(0, count).Select(i => Text(i * callers + caller))];
    }
}
