using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>
/// The page at <c>/</c>. Its policy allows its own style and script, known by their hashes, and requests to this
/// server; nothing else is loaded, and no text becomes HTML.
/// </summary>
sealed class Page
{
    readonly StaticContent _content = new("page.html", "text/html; charset=utf-8");
    readonly string _policy;

    /// <summary>Reads the page.</summary>
    public Page()
    {
        string html = Encoding.UTF8.GetString(_content.Bytes);
        _policy = string.Join("; ",
            "default-src 'none'",
            $"script-src {HashSource(html, "<script type=\"module\">", "</script>")}",
            $"style-src {HashSource(html, "<style>", "</style>")}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'");
    }

    /// <summary>Answers a request.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = _policy;
        headers.CacheControl = "no-cache";
        headers["Referrer-Policy"] = "no-referrer";
        return _content.AnswerAsync(context);
    }

    /// <summary>Returns the source expression of the text between two tags.</summary>
    static string HashSource(string html, string start, string end)
    {
        int from = html.IndexOf(start, StringComparison.Ordinal) + start.Length;
        string text = html[from..html.IndexOf(end, from, StringComparison.Ordinal)];
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";
    }
}
