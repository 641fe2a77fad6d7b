using System.Text.Json;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Search.Hnsw;

namespace EsimCse.Search;

/// <summary>The content of an index's index.json.</summary>
/// <param name="Rows">Number of vectors.</param>
/// <param name="Dimension">Elements of a vector.</param>
/// <param name="Similarity">The similarity by which the index is searched unless another one is asked for.</param>
/// <param name="HasTexts">Whether the rows have texts.</param>
/// <param name="Graph">The graph of an index of the kind hnsw; null for one of the kind exact.</param>
sealed record IndexDescription(
    long Rows, int Dimension, SimilarityFunction Similarity, bool HasTexts, GraphDescription? Graph)
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "index.json";

    /// <summary>The kinds of index: search compares with every vector, or with the candidates of a graph.</summary>
    public const string Exact = "exact", Hnsw = "hnsw";

    static readonly SettingKeys ExactKeys = new()
    {
        Honoured = ["kind", "rows", "dimension", "similarity", "texts"],
        IsClosed = true,
    };

    static readonly SettingKeys HnswKeys =
        ExactKeys with { Honoured = [.. ExactKeys.Honoured, "normalized", "graph_sha256"] };

    /// <summary>The kind of index.</summary>
    public string Kind => Graph is null ? Exact : Hnsw;

    /// <summary>Reads the file of a folder.</summary>
    /// <exception cref="InvalidInputException">It is missing or not valid.</exception>
    public static IndexDescription Read(string folder)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder, expected an index");
        JsonSettings json = JsonSettings.Read(Path.Combine(folder, FileName), HnswKeys);
        string? kind = json.Text("kind");
        if (kind is not (Exact or Hnsw)) throw json.Wrong("kind", $"{Exact} or {Hnsw}");
        if (kind == Exact) json = json.WithKeys(ExactKeys);
        const string function = "cosine, dot, euclidean or manhattan";
        string name = json.Text("similarity") ?? throw json.Wrong("similarity", function);
        if (!EsimCse.Core.Similarity.Names.TryGetValue(name, out SimilarityFunction similarity))
            throw json.Wrong("similarity", function);
        bool isNumber = json.Find("rows") is { ValueKind: JsonValueKind.Number } value
            && value.TryGetInt64(out long found) && found >= 0;
        if (!isNumber) throw json.Wrong("rows", "a whole number of at least 0");
        return new(
            json.Find("rows")!.Value.GetInt64(),
            json.RequiredInteger("dimension", 1),
            similarity,
            json.Flag("texts") ?? throw json.Wrong("texts", "true or false"),
            kind == Hnsw ? ReadGraph(json) : null);
    }

    /// <summary>Requires that the file of vectors is the one that is described.</summary>
    /// <exception cref="InvalidInputException">It holds fp16, or has other sizes.</exception>
    public void Require(MappedVectors vectors)
    {
        if (!vectors.IsFloat32) throw new InvalidInputException($"{vectors.Path}: found fp16, expected fp32");
        if (vectors.Rows != Rows || vectors.Dimension != Dimension)
            throw new InvalidInputException(
                $"{vectors.Path}: found {vectors.Rows} rows of {vectors.Dimension}, expected {Rows} of {Dimension} " +
                $"by {FileName}");
    }

    /// <summary>Writes the file into a folder.</summary>
    public void Write(string folder)
    {
        using FileStream file = new(Path.Combine(folder, FileName), FileMode.Create);
        using (Utf8JsonWriter json = new(file, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("kind", Kind);
            json.WriteNumber("rows", Rows);
            json.WriteNumber("dimension", Dimension);
            json.WriteString("similarity", EsimCse.Core.Similarity.NameOf(Similarity));
            json.WriteBoolean("texts", HasTexts);
            if (Graph is not null)
            {
                json.WriteBoolean("normalized", Graph.IsNormalized);
                json.WriteString("graph_sha256", Graph.Sha256);
            }
            json.WriteEndObject();
        }
        file.WriteByte((byte)'\n');
        file.Flush(flushToDisk: true);
    }

    static GraphDescription ReadGraph(JsonSettings json) => new(
        json.Text("graph_sha256") ?? throw json.Wrong("graph_sha256", "64 hexadecimal digits"),
        json.Flag("normalized") ?? throw json.Wrong("normalized", "true or false"));
}
