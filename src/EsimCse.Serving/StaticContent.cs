using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>A file of this assembly that is served as it is.</summary>
sealed class StaticContent
{
    readonly byte[] _content;
    readonly string _type;

    /// <summary>Reads a file.</summary>
    /// <param name="name">The name of the resource.</param>
    /// <param name="type">Its media type.</param>
    public StaticContent(string name, string type)
    {
        using Stream source = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        _content = new byte[source.Length];
        source.ReadExactly(_content);
        _type = type;
    }

    /// <summary>The file.</summary>
    public ReadOnlySpan<byte> Bytes => _content;

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = _type;
        context.Response.ContentLength = _content.Length;
        await context.Response.Body.WriteAsync(_content, context.RequestAborted);
    }
}
