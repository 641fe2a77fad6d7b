using System.Collections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace EsimCse.Serving;

/// <summary>
/// Metrics for Prometheus, and traces by OpenTelemetry's protocol where its variables name an endpoint.
/// </summary>
static class Observability
{
    const string ServiceName = "esimcse";
    const string VariablePrefix = "OTEL_";

    static readonly string[] EndpointVariables =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// <summary>Adds what measures and exports, by OpenTelemetry's variables.</summary>
    public static void Add(WebApplicationBuilder builder)
    {
        builder.Configuration.AddInMemoryCollection(
            from DictionaryEntry variable in Environment.GetEnvironmentVariables()
            let name = (string)variable.Key
            where name.StartsWith(VariablePrefix, StringComparison.Ordinal)
            select KeyValuePair.Create(name, (string?)variable.Value));
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(ServiceName))
            .WithMetrics(metrics => metrics
                .AddMeter(Instruments.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel")
                .AddPrometheusExporter());
        if (!EndpointVariables.Any(name => builder.Configuration[name] is { Length: > 0 })) return;
        telemetry.WithTracing(traces => traces
            .AddSource(Instruments.Name)
            .AddAspNetCoreInstrumentation(options => options.Filter = IsTraced)
            .AddOtlpExporter());
    }

    /// <summary>Whether a request is worth a trace: health checks and scrapes are not.</summary>
    static bool IsTraced(HttpContext context) =>
        !context.Request.Path.StartsWithSegments("/health") && !context.Request.Path.StartsWithSegments("/metrics");
}
