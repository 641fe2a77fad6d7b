using EsimCse.Serving;
using EsimCseNative;

namespace EsimCse.Tests.Support;

/// <summary>A server with a small model and an index with texts, and a browser, for all tests of a class.</summary>
public sealed class ServedPage : IAsyncLifetime
{
    readonly TrainedModel _model = new();
    readonly IndexFiles _files = new();
    BrowserSession? _browser;

    /// <summary>A text that would run a script where it became HTML.</summary>
    public static string Html => "<img src=x onerror=\"document.title='run'\"> the cat & <b>a dog</b>";

    /// <summary>The texts of the index.</summary>
    public static string[] Texts { get; } =
    [
        "the old cat sees a dog.", "a red bird", Html, "a tree near the house.", "the dog hears the bird.",
        "an unknown word, שלום", "", "the cat  in the old house",
    ];

    /// <summary>The model's folder.</summary>
    public string Folder => _model.Run;

    /// <summary>The encoder, apart from the server's own.</summary>
    public SentenceEncoder Encoder { get; private set; } = null!;

    /// <summary>The index, apart from the server's own.</summary>
    public VectorIndex Index { get; private set; } = null!;

    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Encoder = OnCpu.Load(Folder);
        string folder = _files.WriteIndex(_files.WriteVectors(Encoder.Encode(Texts), Encoder.Dimension), Texts);
        Index = VectorIndex.Open(folder, new DeviceChoice("cpu", 1));
        Server = await TestServer.StartAsync(Folder, index: folder);
    }

    /// <summary>Opens the page of the server, which has an index.</summary>
    internal Task<BrowserPage> OpenAsync() => OpenAsync(Server.Address);

    /// <summary>Opens the page of a server and waits until it shows the model, or why it cannot.</summary>
    internal async Task<BrowserPage> OpenAsync(Uri address, int width = 1200, int height = 900)
    {
        _browser ??= await BrowserSession.StartAsync();
        BrowserPage page = await _browser.OpenAsync(address, width, height);
        await page.WaitForAsync("document.querySelector('#facts').hasChildNodes() || " +
            "document.querySelector('#model-error').textContent");
        return page;
    }

    /// <summary>Starts a server with the model and without an index.</summary>
    internal Task<TestServer> StartServerAsync(ServerOptions options) => TestServer.StartAsync(Folder, options);

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        await Server.DisposeAsync();
        Index.Dispose();
        Encoder.Dispose();
        _files.Dispose();
        _model.Dispose();
    }
}
