using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCseNative;

namespace EsimCse.Serving;

/// <summary>Inputs to embed, and the form of their vectors, by default as the command embed gives them.</summary>
/// <param name="Path">The path of the inputs in the body.</param>
/// <param name="Inputs">The inputs, at least one.</param>
sealed record EmbeddingRequest(string Path, EmbeddingInput[] Inputs)
{
    /// <summary>Whether vectors are divided by their norms; null for the model's own way.</summary>
    public bool? Normalize { get; init; }

    /// <summary>Whether longer texts are truncated; else they are refused.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>The name of the model's prompt that goes before texts; null for its default.</summary>
    public string? PromptName { get; init; }

    /// <summary>The first columns that are kept, at least 1; null for the model's own number.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Creates a request to embed texts.</summary>
    public static EmbeddingRequest OfTexts(string path, IEnumerable<string> texts) =>
        new(path, [.. texts.Select(text => new EmbeddingInput(text, Ids: null))]);

    /// <summary>Embeds the inputs, in their order.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cancellation">Ends the wait; the request is then not computed where it still waits.</param>
    /// <exception cref="RequestException">An input cannot be embedded, or an option is out of its range.</exception>
    public async Task<EmbeddingAnswer> EmbedAsync(ServedModel model, CancellationToken cancellation)
    {
        SentenceEncoder encoder = model.Encoder;
        VectorForm form = FormOf(encoder);
        int[][] sentences = Tokenize(encoder);
        using Telemetry.Call call = Telemetry.StartCall(sentences.Length, encoder.Device);
        float[][] vectors = await model.Queue.EncodeAsync(sentences, cancellation);
        Telemetry.CountSentences(sentences.Length);
        for (int i = 0; i < vectors.Length; i++)
            if (!form.TryApply(vectors[i]))
                throw RequestException.NotEmbeddable(PathOf(i), "a vector that is not finite", "numbers");
        return new EmbeddingAnswer(vectors, form.Dimension, sentences.Sum(sentence => (long)sentence.Length));
    }

    VectorForm FormOf(SentenceEncoder encoder)
    {
        if (Dimensions > encoder.Width)
            throw RequestException.Malformed("dimensions", $"{Dimensions}", $"1 … {encoder.Width}");
        bool normalize = Normalize ?? encoder.Form.Normalize;
        if (Dimensions is not { } dimensions) return encoder.Form with { Normalize = normalize };
        return new VectorForm(dimensions, normalize, NormalizesAgain: normalize);
    }

    int[][] Tokenize(SentenceEncoder encoder)
    {
        string prompt = FindPrompt(encoder);
        string[] texts = [.. Inputs.Where(input => input.Text is not null).Select(input => input.Text!)];
        if (!Truncate) RequireShort(encoder, prompt);
        using IEnumerator<int[]> tokenized = encoder.Tokenize(texts, prompt).GetEnumerator();
        int[][] sentences = new int[Inputs.Length][];
        for (int i = 0; i < sentences.Length; i++)
        {
            if (Inputs[i].Ids is { } ids)
            {
                CheckIds(ids, i, encoder);
                sentences[i] = ids;
                continue;
            }
            tokenized.MoveNext();
            sentences[i] = tokenized.Current;
            if (sentences[i].Length == 0) throw RequestException.NotEmbeddable(PathOf(i), "no tokens", "some");
        }
        return sentences;
    }

    string FindPrompt(SentenceEncoder encoder)
    {
        if (PromptName is null) return encoder.Prompt;
        try
        {
            return encoder.FindPrompt(PromptName);
        }
        catch (Exception error) when (error is UsageException or InvalidInputException)
        {
            throw new RequestException(400, error.Message) { Field = "prompt_name" };
        }
    }

    void RequireShort(SentenceEncoder encoder, string prompt)
    {
        BertTokenizer tokenizer = encoder.Tokenizer;
        for (int i = 0; i < Inputs.Length; i++)
        {
            if (Inputs[i].Text is not { } text || tokenizer.Encode(prompt + text).Length <= encoder.MaxLength) continue;
            throw RequestException.TooLarge(PathOf(i), "more tokens", $"at most {encoder.MaxLength}, or truncate");
        }
    }

    void CheckIds(int[] ids, int index, SentenceEncoder encoder)
    {
        if (ids.Length > encoder.MaxLength)
            throw RequestException.TooLarge(PathOf(index), $"{ids.Length} token ids", $"at most {encoder.MaxLength}");
        int rows = encoder.Folder.Config.VocabularySize;
        foreach (int id in ids)
            if (id < 0 || id >= rows)
                throw RequestException.NotEmbeddable(PathOf(index), $"token id {id}", $"0 … {rows - 1}");
    }

    string PathOf(int index) => Inputs.Length == 1 ? Path : $"{Path}[{index}]";
}
