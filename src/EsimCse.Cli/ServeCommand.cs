using System.CommandLine;
using System.Net;
using EsimCse.Core;
using EsimCse.Serving;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>The command <c>serve</c>.</summary>
static class ServeCommand
{
    const string KeyVariable = "ESIMCSE_API_KEY";
    const string LocalHost = "localhost";

    static readonly ServerOptions Defaults = new();

    public static Command Create()
    {
        Argument<string> model = CommonOptions.Model();
        Option<string?> index = new("--index") { Description = "An index to search, a folder that index wrote." };
        Command command = new("serve", "Answers embedding requests over HTTP, and shows a page.") { model, index };
        Func<ParseResult, ServerOptions> serverOptions = AddServer(command);
        Func<ParseResult, DeviceChoice> device = command.AddDevice(several: true);
        command.OnRun((parsed, stop) =>
        {
            ServerOptions options = serverOptions(parsed);
            DeviceChoice choice = device(parsed);
            Serve(parsed.GetValue(model)!, parsed.GetValue(index), choice, options, stop).GetAwaiter().GetResult();
        });
        return command;
    }

    static async Task Serve(
        string folder, string? indexFolder, DeviceChoice device, ServerOptions options, CancellationToken stop)
    {
        await using EmbeddingServer server = new(options, StandardErrorLogger.Instance);
        try
        {
            await server.RunAsync(Load, Report, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before the model was loaded: no request was accepted.
        }

        ServedModel Load()
        {
            // Of several devices none searches: an index is on one.
            DeviceChoice searching = device.IsSeveral ? device with { Device = "cpu" } : device;
            VectorIndex? index = indexFolder is null ? null : VectorIndex.Open(indexFolder, searching);
            SentenceEncoder encoder = CommonOptions.Load(folder, new EncoderOptions { Device = device }, stop);
            if (index is not null) CommonOptions.RequireDimension(index, indexFolder!, encoder, folder);
            return new ServedModel(encoder, index, options);
        }

        void Report(ServedModel model)
        {
            if (options.ApiKey is null && !IPAddress.IsLoopback(options.Host))
                Console.Error.WriteLine($"everyone who reaches {server.Address} can use it: there is no --api-key");
            Console.Error.WriteLine($"{model.Name} on {model.Encoder.Device}, {server.Address}");
        }
    }

    /// <summary>Adds the server's options to a command and returns their reader.</summary>
    static Func<ParseResult, ServerOptions> AddServer(Command command)
    {
        Option<string> host = Host();
        Option<int?> port = Limit("--port", "The port to listen on; 0 for a free one", 0, Defaults.Port);
        Option<string?> key = new("--api-key")
        {
            Description = $"The key that requests must carry as Bearer; by default {KeyVariable}, which the list of " +
                "processes does not show; else none.",
        };
        Option<int?> tokens = CommonOptions.Number(
            "--max-tokens-per-batch", "Tokens of inputs that are computed together; what suits the device.", 1);
        const string queueHelp = "Inputs without an answer from which on requests are refused with 429";
        Option<int?> queue = Limit("--max-queue", queueHelp, 1, Defaults.MaxQueue);
        Option<int?> inputs = Limit("--max-inputs", "Inputs of a request", 1, Defaults.MaxInputs);
        Option<int?> bytes = Limit("--max-body-bytes", "Bytes of a request's body", 1, Defaults.MaxBodyBytes);
        const string secondsHelp = "Seconds that accepted requests have when the server is stopped";
        int defaultSeconds = (int)Defaults.ShutdownTime.TotalSeconds;
        Option<int?> seconds = Limit("--shutdown-seconds", secondsHelp, 0, defaultSeconds);
        Option[] options = [host, port, key, tokens, queue, inputs, bytes, seconds];
        foreach (Option option in options) command.Add(option);
        return parsed => new ServerOptions
        {
            Host = ParseHost(parsed.GetValue(host)!)!,
            Port = parsed.GetValue(port) ?? Defaults.Port,
            ApiKey = FindKey(parsed.GetValue(key)),
            MaxTokensPerBatch = parsed.GetValue(tokens),
            MaxQueue = parsed.GetValue(queue) ?? Defaults.MaxQueue,
            MaxInputs = parsed.GetValue(inputs) ?? Defaults.MaxInputs,
            MaxBodyBytes = parsed.GetValue(bytes) ?? Defaults.MaxBodyBytes,
            ShutdownTime = TimeSpan.FromSeconds(parsed.GetValue(seconds) ?? defaultSeconds),
        };
    }

    static Option<string> Host()
    {
        Option<string> host = new("--host")
        {
            Description = "The IP address to listen on; 0.0.0.0 for all.",
            DefaultValueFactory = _ => Defaults.Host.ToString(),
        };
        return host.Checked(name => ParseHost(name) is not null, $"an IP address or {LocalHost}");
    }

    static IPAddress? ParseHost(string name)
    {
        if (name == LocalHost) return IPAddress.Loopback;
        return IPAddress.TryParse(name, out IPAddress? address) ? address : null;
    }

    static Option<int?> Limit(string name, string description, int min, int standard)
    {
        Option<int?> option = CommonOptions.Number(name, $"{description}; by default {standard}.", min);
        if (name != "--port") return option;
        return option.Checked(port => port <= IPEndPoint.MaxPort, $"0 … {IPEndPoint.MaxPort}");
    }

    static string? FindKey(string? given)
    {
        if (given is null) return Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key ? key : null;
        string trimmed = given.Trim();
        return trimmed.Length > 0 ? trimmed : throw new UsageException("--api-key: found nothing, expected a key");
    }
}
