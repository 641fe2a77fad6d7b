using System.Buffers.Binary;
using System.Text.Json;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Serving;

/// <summary>The looks of the page: colours, widths, names of its parts, and the picture in the README.</summary>
public class PageLayoutTests(ServedPage served) : IClassFixture<ServedPage>
{
    /// <summary>The contrast of text that WCAG asks for at level AA.</summary>
    const double MinContrast = 4.5;

    /// <summary>The texts of the elements that have too little contrast, with their contrasts.</summary>
    const string LowContrasts = """
        (() => {
          const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
          const luminance = color => {
            context.fillStyle = color;
            context.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map(byte => byte / 255)
              .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const findBackground = element => {
            const color = getComputedStyle(element).backgroundColor;
            return color === "rgba(0, 0, 0, 0)" ? findBackground(element.parentElement) : color;
          };
          const contrast = element => {
            const [x, y] = [luminance(getComputedStyle(element).color), luminance(findBackground(element))];
            return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
          };
          const selector = "h1, h2, dt, dd, label, input, textarea, button, p, th span, .heat, .text, .row";
          return [...document.querySelectorAll(selector)]
            .filter(element => !(contrast(element) >= MIN))
            .map(element => `${element.tagName} ${element.textContent}: ${contrast(element)}`);
        })()
        """;

    static readonly string[] IndexedSentences =
    [
        "A guitarist plays on a small stage.", "The choir is rehearsing a new song.", "She practises the violin daily.",
        "He listens to old jazz records.", "Children are dancing in the kitchen.", "The drummer counts the band in.",
        "A puppy is chewing on a slipper.", "The old dog snores by the fire.", "Two cats share one basket.",
        "A horse is grazing near the fence.", "The fisherman repairs his nets.", "A woman is slicing tomatoes.",
        "The baker takes bread from the oven.", "He is peeling potatoes for the soup.", "Snow has closed the pass.",
        "It will rain until the evening.", "The ferry leaves at seven.", "Our train was late again.",
        "She repairs bicycles on Sundays.", "The museum opens a new wing.", "Prices rose faster than wages.",
        "The parliament passed the law.", "A telescope found a distant planet.", "The cell divides into two.",
    ];

    [Theory]
    [InlineData("light")]
    [InlineData("dark")]
    public async Task Every_text_has_contrast(string scheme)
    {
        await using BrowserPage page = await served.OpenAsync();
        await page.PreferAsync("prefers-color-scheme", scheme);
        string paper = await page.TextAsync("getComputedStyle(document.body).backgroundColor");
        Assert.Equal(scheme == "dark", paper == "rgb(21, 24, 28)");
        await UseAsync(page, "the old cat\na bird\nthe house in a tree\nnear", "a cat");
        // Every place between the lightest and the darkest colour.
        await page.EvaluateAsync(
            "document.querySelectorAll('.heat').forEach((cell, i, all) => " +
            "cell.style.setProperty('--heat', i / (all.length - 1)))");
        await page.EvaluateAsync("document.getAnimations().forEach(animation => animation.finish())");
        string expression = LowContrasts.Replace("MIN", $"{MinContrast}", StringComparison.Ordinal);
        Assert.Empty(await page.TextsAsync(expression));
    }

    [Theory]
    [InlineData(360)]
    [InlineData(320)]
    public async Task The_page_fits_a_phone(int width)
    {
        await using BrowserPage page = await served.OpenAsync();
        await page.ResizeAsync(width, 740);
        string word = new('w', 300);
        await UseAsync(page, string.Join('\n', Enumerable.Repeat($"the cat {word}", 30)), word);
        JsonElement widths = await page.EvaluateAsync(
            "[document.documentElement, document.querySelector('.scroll')]" +
            ".flatMap(element => [element.scrollWidth, element.clientWidth])");
        Assert.Equal(widths[1].GetInt32(), widths[0].GetInt32());
        Assert.True(widths[1].GetInt32() <= width, "the page is wider than the phone");
        Assert.True(widths[2].GetInt32() > widths[3].GetInt32(), "the matrix does not scroll");
        string small = "[...document.querySelectorAll('button, input, textarea')]" +
            ".filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 40)" +
            ".map(element => element.outerHTML)";
        Assert.Empty(await page.TextsAsync(small));
    }

    [Fact]
    public async Task Parts_have_names()
    {
        await using BrowserPage page = await served.OpenAsync();
        await UseAsync(page, "a cat", "a cat");
        Assert.Empty(await page.TextsAsync(
            "[...document.querySelectorAll('input, textarea')].filter(field => !field.labels.length)" +
            ".map(field => field.id)"));
        Assert.Equal(["en", "1"], await page.TextsAsync(
            "[document.documentElement.lang, `${document.querySelectorAll('h1').length}`]"));
        Assert.NotEqual("esimcse", await page.TextAsync("document.title"));
    }

    /// <summary>
    /// Makes the picture that the README shows where ESIMCSE_SCREENSHOT names it, as an absolute path. Elsewhere the
    /// picture is only checked: its pixels depend on the machine's fonts.
    /// </summary>
    [Fact]
    public async Task The_README_shows_the_page_with_a_real_model()
    {
        string model = SharedData.Path("models", "all-MiniLM-L6-v2");
        using SentenceEncoder encoder = OnCpu.Load(model);
        using IndexFiles files = new();
        string index = files.WriteIndex(
            files.WriteVectors(encoder.Encode(IndexedSentences), encoder.Dimension), IndexedSentences);
        await using TestServer server = await TestServer.StartAsync(model, index: index);
        await using BrowserPage page = await served.OpenAsync(server.Address, 1200, 900);
        await page.WaitForAsync("!document.querySelector('#search-section').hidden");
        await UseAsync(
            page,
            "A man is playing a flute.\nSomebody is making music.\nA cat is asleep on the sofa.\n" +
            "The kitten takes a nap.",
            "musicians on stage");
        await page.EvaluateAsync("document.activeElement.blur(); scrollTo(0, 0)");
        await page.EvaluateAsync("document.getAnimations().forEach(animation => animation.finish())");
        byte[] picture = await page.CaptureAsync();
        Assert.Equal("PNG"u8, picture.AsSpan(1, 3));
        Assert.Equal(1200, BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(16)));
        Assert.Equal(900, BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(20)));
        Assert.InRange(await CountColoursAsync(page, picture), 50, int.MaxValue);
        Assert.Empty(page.Errors);
        if (Environment.GetEnvironmentVariable("ESIMCSE_SCREENSHOT") is { Length: > 0 } path)
            await File.WriteAllBytesAsync(path, picture, TestContext.Current.CancellationToken);
    }

    static async Task UseAsync(BrowserPage page, string sentences, string query)
    {
        await page.FillAsync("#sentences", sentences);
        await page.ClickAsync("#similarity-form button");
        await page.WaitForAsync("!document.querySelector('#similarity-result').hidden");
        await page.FillAsync("#query", query);
        await page.ClickAsync("#search-form button");
        await page.WaitForAsync("document.querySelector('#found').children.length");
        await page.WaitForAsync("!document.querySelector('[aria-disabled=true]')");
    }

    /// <summary>Counts the colours of a picture, which the browser decodes.</summary>
    static async Task<int> CountColoursAsync(BrowserPage page, byte[] picture)
    {
        JsonElement count = await page.EvaluateAsync($$"""
            (async () => {
              const image = new Image();
              image.src = "data:image/png;base64,{{Convert.ToBase64String(picture)}}";
              await image.decode();
              const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
              context.drawImage(image, 0, 0);
              const { data } = context.getImageData(0, 0, image.width, image.height);
              return new Set(new Uint32Array(data.buffer)).size;
            })()
            """);
        return count.GetInt32();
    }
}
