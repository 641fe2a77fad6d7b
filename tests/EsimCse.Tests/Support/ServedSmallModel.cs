using EsimCseNative;

namespace EsimCse.Tests.Support;

/// <summary>A server with a small model and an index of sentences, for all tests of a class.</summary>
public sealed class ServedSmallModel : IAsyncLifetime
{
    readonly TrainedModel _model = new();
    readonly IndexFiles _files = new();
    TestServer? _server;

    /// <summary>Sentences of the index.</summary>
    public static string[] Sentences { get; } =
        [.. Enumerable.Range(0, 30).Select(i => $"the {(i % 2 == 0 ? "old" : "red")} cat{new string('s', i)} a dog.")];

    /// <summary>The model's folder.</summary>
    public string Folder => _model.Run;

    /// <summary>The index's folder.</summary>
    public string Index { get; private set; } = "";

    /// <summary>The encoder, apart from the server's own.</summary>
    public SentenceEncoder Encoder { get; private set; } = null!;

    internal TestServer Server => _server!;

    public async ValueTask InitializeAsync()
    {
        Encoder = OnCpu.Load(Folder);
        Index = _files.WriteIndex(_files.WriteVectors(Encoder.Encode(Sentences), Encoder.Dimension), Sentences);
        _server = await TestServer.StartAsync(Folder, index: Index);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Encoder.Dispose();
        _files.Dispose();
        _model.Dispose();
    }
}
