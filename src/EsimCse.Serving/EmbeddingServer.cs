using EsimCse.Serving.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EsimCse.Serving;

/// <summary>The HTTP server: it listens, loads the model, answers until it is stopped, and drains.</summary>
sealed class EmbeddingServer : IAsyncDisposable
{
    const int MaxConnections = 4096;

    static readonly TimeSpan HeadersTime = TimeSpan.FromSeconds(10);
    static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(1);

    readonly ServerOptions _options;
    readonly ServerState _state = new();
    readonly WebApplication _application;

    /// <summary>Creates a server, which does not listen yet.</summary>
    /// <param name="options">Address and limits.</param>
    /// <param name="logger">Receives the errors that are the server's own.</param>
    public EmbeddingServer(ServerOptions options, ILogger logger)
    {
        _options = options;
        // Neither files in the working folder nor variables change the server, but for those of OpenTelemetry.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Limit);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, OwnSignals>();
        Observability.Add(builder);
        _application = builder.Build();
        _application.Use(next => context =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return next(context);
        });
        _application.Use(next => context => new ErrorAnswer(logger).InvokeAsync(context, next));
        MapEndpoints(_application);
    }

    /// <summary>The address with the port that was taken; only while the server listens.</summary>
    public string Address =>
        _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Method and path of each endpoint; HEAD, which answers as GET, is left out.</summary>
    public IEnumerable<string> EndpointNames =>
        from source in ((IEndpointRouteBuilder)_application).DataSources
        from endpoint in source.Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        where method != "HEAD"
        select $"{method} {endpoint.RoutePattern.RawText}";

    /// <summary>Requests without an answer.</summary>
    public int Active => _state.Active;

    /// <inheritdoc cref="ServerState.Name"/>
    public string StateName => _state.Name;

    /// <summary>Serves until it is stopped. Accepted requests are then answered, for a limited time.</summary>
    /// <param name="load">Loads the model, while the server already says that it is starting.</param>
    /// <param name="ready">Called when the model is loaded.</param>
    /// <param name="stop">Stops the server.</param>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    /// <exception cref="TimeoutException">Accepted requests were not answered in time.</exception>
    public async Task RunAsync(Func<ServedModel> load, Action<ServedModel> ready, CancellationToken stop)
    {
        await _application.StartAsync(CancellationToken.None);
        using ServedModel model = await Task.Run(load, stop).WaitAsync(stop);
        _state.SetReady(model);
        ready(model);
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        int unanswered = await _state.DrainAsync(_options.ShutdownTime);
        using CancellationTokenSource close = new(CloseTime);
        await _application.StopAsync(close.Token);
        if (unanswered > 0)
            throw new TimeoutException($"{unanswered} requests had no answer after {_options.ShutdownTime}");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _application.DisposeAsync();

    void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        // RequestBody has the limit. Kestrel would close the connection before the client reads the answer.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.RequestHeadersTimeout = HeadersTime;
        kestrel.Listen(_options.Host, _options.Port, listen => listen.Protocols = HttpProtocols.Http1);
    }

    void MapEndpoints(WebApplication application)
    {
        RequestPipeline pipeline = new(_state, _options);
        application.MapPost("/v1/embeddings", pipeline.WithBody(OpenAiEmbeddings.AnswerAsync));
        application.MapPost("/embed", pipeline.WithBody(Embed.AnswerAsync));
        application.MapPost("/similarity", pipeline.WithBody(Endpoints.Similarity.AnswerAsync));
        application.MapPost("/tokenize", pipeline.WithBody(Tokenize.AnswerAsync));
        application.MapPost("/search", pipeline.WithBody(Endpoints.Search.AnswerAsync));
        application.MapGet("/info", pipeline.WithoutBody(Info.AnswerAsync));
        application.MapMethods("/health", ["GET", "HEAD"], AnswerHealthAsync);
        application.MapPrometheusScrapingEndpoint("/metrics");
        application.MapGet("/openapi/v1.json", new StaticContent("openapi.json", "application/json").AnswerAsync);
        application.MapGet("/", new Page().AnswerAsync);
    }

    Task AnswerHealthAsync(HttpContext context)
    {
        string state = _state.Name;
        if (!_state.IsReady) context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return JsonAnswer.WriteAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", state);
            json.WriteEndObject();
        });
    }

    /// <summary>Leaves signals to the caller, who stops the server.</summary>
    sealed class OwnSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
