using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>The steps that endpoints share: the key, the state of the server, room in the queue, the body.</summary>
/// <param name="state">The state of the server.</param>
/// <param name="options">The key and the limits.</param>
sealed class RequestPipeline(ServerState state, ServerOptions options)
{
    readonly ApiKey? _key = options.ApiKey is { } key ? new ApiKey(key) : null;
    readonly RequestBody _body = new(options.MaxBodyBytes);

    /// <summary>Returns a handler of requests with a JSON object as their body.</summary>
    public RequestDelegate WithBody(Func<HttpContext, JsonElement, ServedModel, Task> answer) => async context =>
    {
        using ServerState.Acceptance acceptance = Accept(context);
        // A body that would be refused is not read.
        acceptance.Model.Admission.RequireRoom();
        using JsonDocument body = await _body.ReadAsync(context.Request);
        await answer(context, body.RootElement, acceptance.Model);
    };

    /// <summary>Returns a handler of requests without a body.</summary>
    public RequestDelegate WithoutBody(Func<HttpContext, ServedModel, Task> answer) => async context =>
    {
        using ServerState.Acceptance acceptance = Accept(context);
        await answer(context, acceptance.Model);
    };

    ServerState.Acceptance Accept(HttpContext context)
    {
        _key?.Require(context.Request);
        return state.Accept();
    }
}
