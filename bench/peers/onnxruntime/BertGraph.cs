using System.Text.Json;

namespace EsimCse.Peers.OnnxRuntime;

/// <summary>
/// A BERT folder as an ONNX graph, written as ONNX Runtime runs it fast. In fp32 query, key and value are one product
/// and attention is the fused operator, as its transformer optimizer makes them; in int8 activations are quantized to
/// uint8 by tensor and weights to int8 by channel, as its dynamic quantization does. Transposing and quantizing the
/// weights stand in the graph, and are folded when it is loaded.
/// </summary>
sealed class BertGraph
{
    public const string Ids = "input_ids";
    public const string Mask = "attention_mask";
    public const string Vectors = "sentence_embedding";
    public const string MicrosoftDomain = "com.microsoft";

    const float MaskedScore = -10000;
    const int Int8Maximum = 127;
    const string Batch = "batch";
    const string Sequence = "sequence";

    static readonly int[] FirstAxis = [0];
    static readonly int[] Transposed = [1, 0];
    static readonly int[] HeadsFirst = [0, 2, 1, 3];
    static readonly int[] HeadsFirstTransposed = [0, 2, 3, 1];

    readonly OnnxGraph _graph;
    readonly WeightFile _file;
    readonly bool _int8;
    readonly int _layers;
    readonly int _hidden;
    readonly int _heads;
    readonly float _epsilon;

    BertGraph(string model, bool int8)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(model, "config.json")));
        JsonElement config = json.RootElement;
        _layers = config.GetProperty("num_hidden_layers").GetInt32();
        _hidden = config.GetProperty("hidden_size").GetInt32();
        _heads = config.GetProperty("num_attention_heads").GetInt32();
        _epsilon = config.GetProperty("layer_norm_eps").GetSingle();
        _int8 = int8;
        _file = new WeightFile(Path.Combine(model, "model.safetensors"));
        _graph = new OnnxGraph(_file);
    }

    /// <summary>Writes the graph into the model's folder, and returns its path.</summary>
    public static string Write(string model, bool int8)
    {
        BertGraph bert = new(model, int8);
        bert.AddEncoder();
        string path = Path.Combine(model, int8 ? "model-int8.onnx" : "model.onnx");
        (string, OnnxType, object[])[] inputs =
            [(Ids, OnnxType.Int64, [Batch, Sequence]), (Mask, OnnxType.Int64, [Batch, Sequence])];
        bert._graph.Write(path, inputs, [(Vectors, OnnxType.Float, [Batch, bert._hidden])]);
        return path;
    }

    void AddEncoder()
    {
        string x = Embed();
        string present = _graph.Add("Cast", [Mask], ("to", (int)OnnxType.Float));
        Func<string, string, string> attention = _int8 ? PlainAttention(present) : FusedAttention();
        for (int layer = 0; layer < _layers; layer++) x = Layer(x, $"encoder.layer.{layer}.", attention);
        string mask = _graph.Add("Unsqueeze", [present, _graph.Integers(2)]);
        string masked = _graph.Add("Mul", [x, mask]);
        string sum = _graph.Add("ReduceSum", [masked, _graph.Integers(1)], ("keepdims", 0));
        string count = _graph.Add("ReduceSum", [mask, _graph.Integers(1)], ("keepdims", 0));
        _graph.Rename(_graph.Add("Div", [sum, count]), Vectors);
    }

    string Embed()
    {
        string shape = _graph.Add("Shape", [Ids]);
        string length = _graph.Add("Gather", [shape, _graph.Integer(1)], ("axis", 0));
        string places = _graph.Add("Range", [_graph.Integer(0), length, _graph.Integer(1)]);
        string words = _graph.Add("Gather", [_graph.Weight("embeddings.word_embeddings.weight"), Ids]);
        string type = _graph.Weight("embeddings.token_type_embeddings.weight");
        string typed = _graph.Add("Add", [words, _graph.Add("Gather", [type, _graph.Integer(0)])]);
        string positions = _graph.Add("Gather", [_graph.Weight("embeddings.position_embeddings.weight"), places]);
        return Norm(_graph.Add("Add", [typed, positions]), "embeddings.LayerNorm");
    }

    string Layer(string x, string prefix, Func<string, string, string> attention)
    {
        string context = Linear(Quantize(attention(x, prefix + "attention.self.")), prefix + "attention.output.dense");
        x = Norm(_graph.Add("Add", [context, x]), prefix + "attention.output.LayerNorm");
        string wide = Gelu(Linear(Quantize(x), prefix + "intermediate.dense"));
        string down = Linear(Quantize(wide), prefix + "output.dense");
        return Norm(_graph.Add("Add", [down, x]), prefix + "output.LayerNorm");
    }

    /// <summary>Returns the fused operator.</summary>
    Func<string, string, string> FusedAttention()
    {
        string present = _graph.Add("Cast", [Mask], ("to", (int)OnnxType.Int32));
        return (x, prefix) =>
        {
            string[] modules = [prefix + "query", prefix + "key", prefix + "value"];
            string[] weights = [.. modules.Select(module => _graph.Weight(module + ".weight"))];
            string[] biases = [.. modules.Select(module => _graph.Weight(module + ".bias"))];
            string joined = _graph.Add("Concat", weights, ("axis", 0));
            string weight = _graph.Add("Transpose", [joined], ("perm", Transposed));
            string bias = _graph.Add("Concat", biases, ("axis", 0));
            return _graph.Add("Attention", [x, weight, bias, present], 1, MicrosoftDomain, ("num_heads", _heads))[0];
        };
    }

    /// <summary>Returns attention out of single operators, with products in int8.</summary>
    Func<string, string, string> PlainAttention(string present)
    {
        int size = _hidden / _heads;
        string absent = _graph.Add(
            "Sub", [_graph.Number(1), _graph.Add("Unsqueeze", [present, _graph.Integers(1, 2)])]);
        string mask = _graph.Add("Mul", [absent, _graph.Number(MaskedScore)]);
        string split = _graph.Integers(0, 0, _heads, size);
        string joined = _graph.Integers(0, 0, _hidden);
        string root = _graph.Number(MathF.Sqrt(size));
        return (x, prefix) =>
        {
            string[] quantized = Quantize(x);
            string q = Heads(quantized, prefix + "query", HeadsFirst);
            string k = Heads(quantized, prefix + "key", HeadsFirstTransposed);
            string v = Heads(quantized, prefix + "value", HeadsFirst);
            string scores = _graph.Add("Div", [_graph.Add("MatMul", [q, k]), root]);
            string p = _graph.Add("Softmax", [_graph.Add("Add", [scores, mask])], ("axis", -1));
            string context = _graph.Add("MatMul", [p, v]);
            string rows = _graph.Add("Transpose", [context], ("perm", HeadsFirst));
            return _graph.Add("Reshape", [rows, joined]);
        };

        string Heads(string[] x, string module, int[] order) =>
            _graph.Add("Transpose", [_graph.Add("Reshape", [Linear(x, module), split])], ("perm", order));
    }

    /// <summary>Returns x as <see cref="Linear"/> reads it: itself, or uint8 with scale and zero point.</summary>
    string[] Quantize(string x) => _int8 ? _graph.Add("DynamicQuantizeLinear", [x], 3, "") : [x];

    string Linear(string[] x, string module)
    {
        string weight = _graph.Add("Transpose", [_graph.Weight(module + ".weight")], ("perm", Transposed));
        string product = _int8 ? Int8Product(x, weight, module) : _graph.Add("MatMul", [x[0], weight]);
        return _graph.Add("Add", [product, _graph.Weight(module + ".bias")]);
    }

    string Int8Product(string[] x, string weight, string module)
    {
        string zeros = _graph.Zeros(_file[module + ".weight"].Shape[0]);
        string largest = _graph.Add("ReduceMax", [_graph.Add("Abs", [weight])], ("axes", FirstAxis), ("keepdims", 0));
        string scale = _graph.Add("Div", [largest, _graph.Number(Int8Maximum)]);
        string quantized = _graph.Add("QuantizeLinear", [weight, scale, zeros], ("axis", 1));
        string product = _graph.Add("MatMulInteger", [x[0], quantized, x[2], zeros]);
        string number = _graph.Add("Cast", [product], ("to", (int)OnnxType.Float));
        return _graph.Add("Mul", [number, _graph.Add("Mul", [x[1], scale])]);
    }

    string Gelu(string x)
    {
        string erf = _graph.Add("Erf", [_graph.Add("Div", [x, _graph.Number(MathF.Sqrt(2))])]);
        string gated = _graph.Add("Mul", [x, _graph.Add("Add", [erf, _graph.Number(1)])]);
        return _graph.Add("Mul", [gated, _graph.Number(0.5f)]);
    }

    string Norm(string x, string module)
    {
        string[] inputs = [x, _graph.Weight(module + ".weight"), _graph.Weight(module + ".bias")];
        return _graph.Add("LayerNormalization", inputs, ("axis", -1), ("epsilon", _epsilon));
    }
}
