using System.Diagnostics.Metrics;
using EsimCse.Serving;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Serving;

public sealed class BatchQueueTests : IClassFixture<TrainedModel>, IDisposable
{
    readonly SentenceEncoder _encoder;
    readonly Instruments _instruments = new(new Admission(1));
    readonly MeterListener _listener = new();
    readonly List<(string Name, int Value)> _measured = [];

    public BatchQueueTests(TrainedModel model)
    {
        _encoder = OnCpu.Load(model.Run);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name.StartsWith("esimcse.batch.", StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) =>
        {
            if (_instruments.Owns(instrument)) _measured.Add((instrument.Name, value));
        });
        _listener.Start();
    }

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    IEnumerable<int> BatchTokens => _measured.Where(item => item.Name.EndsWith("tokens", StringComparison.Ordinal))
        .Select(item => item.Value);

    public void Dispose()
    {
        _listener.Dispose();
        _instruments.Dispose();
        _encoder.Dispose();
    }

    [Fact]
    public async Task Every_sentence_gets_its_own_vector_whatever_shares_its_batch()
    {
        int[][] sentences = SmallModel.RandomSentences(200);
        float[] expected = _encoder.Encode(sentences, Stop);
        using BatchQueue queue = new(_encoder, tokenBudget: 100, _instruments);
        Task<float[][]>[] requests =
            [.. sentences.Chunk(7).Select(some => Task.Run(() => queue.EncodeAsync(some, Stop), Stop))];
        float[][][] answers = await Task.WhenAll(requests).WaitAsync(TestServer.Limit, Stop);
        foreach (float[] vector in answers.SelectMany(answer => answer))
            Assert.True(_encoder.Form.TryApply(vector));
        Assert.Equal(expected, answers.SelectMany(answer => answer).SelectMany(vector => vector));
    }

    [Fact]
    public async Task A_batch_holds_the_budget_at_most_and_a_larger_sentence_is_alone()
    {
        int[][] sentences = [.. new[] { 30, 2, 3, 5, 11, 4, 30, 6, 5 }.Select(length => (int[])[.. Ids(length)])];
        using (BatchQueue queue = new(_encoder, tokenBudget: 10, _instruments))
            await queue.EncodeAsync(sentences, Stop).WaitAsync(TestServer.Limit, Stop);
        Assert.Equal([30, 10, 11, 4, 30, 6, 5], BatchTokens);

        static IEnumerable<int> Ids(int length) => Enumerable.Repeat(5, length);
    }

    [Fact]
    public async Task A_cancelled_request_ends_at_once_and_others_are_answered()
    {
        int[][] sentences = SmallModel.RandomSentences(40);
        using BatchQueue queue = new(_encoder, tokenBudget: 40, _instruments);
        for (int round = 0; round < 50; round++)
        {
            using CancellationTokenSource cancel = new();
            Task<float[][]> cancelled = queue.EncodeAsync(sentences, cancel.Token);
            Task<float[][]> other = queue.EncodeAsync(sentences[..3], Stop);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(TestServer.Limit, Stop));
            Assert.Equal(3, (await other.WaitAsync(TestServer.Limit, Stop)).Length);
        }
        // The last request of all is a cancelled one: the queue must not wait for a batch that does not come.
        using CancellationTokenSource last = new();
        _ = queue.EncodeAsync(sentences, last.Token);
        await last.CancelAsync();
        Assert.Single(await queue.EncodeAsync(sentences[..1], Stop).WaitAsync(TestServer.Limit, Stop));
    }

    [Fact]
    public async Task Closing_answers_all_that_waits()
    {
        int[][] sentences = SmallModel.RandomSentences(200);
        BatchQueue queue = new(_encoder, tokenBudget: 40, _instruments);
        Task<float[][]> answer = queue.EncodeAsync(sentences, Stop);
        queue.Dispose();
        Assert.Equal(200, (await answer.WaitAsync(TestServer.Limit, Stop)).Length);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => queue.EncodeAsync(sentences, Stop));
    }

    [Fact]
    public async Task No_sentences_have_no_vectors()
    {
        using BatchQueue queue = new(_encoder, tokenBudget: 40, _instruments);
        Assert.Empty(await queue.EncodeAsync([], Stop));
    }
}
