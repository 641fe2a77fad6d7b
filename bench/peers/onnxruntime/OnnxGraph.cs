using System.Runtime.InteropServices;

namespace EsimCse.Peers.OnnxRuntime;

/// <summary>An ONNX graph that is built node by node. Methods return the names of their results.</summary>
sealed class OnnxGraph
{
    const int IrVersion = 8;
    const int OperatorSet = 17;
    const int External = 1;

    readonly List<ProtobufMessage> _nodes = [];
    readonly List<ProtobufMessage> _constants = [];
    readonly HashSet<string> _weights = [];
    readonly WeightFile _file;
    int _values;

    public OnnxGraph(WeightFile file) => _file = file;

    /// <summary>Adds a node of one result.</summary>
    public string Add(string kind, string[] inputs, params (string Name, object Value)[] attributes) =>
        Add(kind, inputs, 1, "", attributes)[0];

    /// <summary>Adds a node.</summary>
    public string[] Add(
        string kind, string[] inputs, int outputs, string domain, params (string Name, object Value)[] attributes)
    {
        _values++;
        string[] results = [.. Enumerable.Range(0, outputs).Select(index => $"{kind}_{_values}_{index}")];
        ProtobufMessage node = new ProtobufMessage()
            .AddAll(1, inputs, (message, field, name) => message.Add(field, name))
            .AddAll(2, results, (message, field, name) => message.Add(field, name))
            .Add(3, results[0])
            .Add(4, kind)
            .AddAll(5, attributes, (message, field, attribute) => message.Add(field, Attribute(attribute)))
            .Add(7, domain);
        _nodes.Add(node);
        return results;
    }

    /// <summary>Names a value as a result of the graph.</summary>
    public void Rename(string value, string name) =>
        _nodes.Add(new ProtobufMessage().Add(1, value).Add(2, name).Add(4, "Identity"));

    public string Number(float value) => Constant(OnnxType.Float, [], BitConverter.GetBytes(value));

    public string Integer(long value) => Constant(OnnxType.Int64, [], BitConverter.GetBytes(value));

    public string Integers(params long[] values) =>
        Constant(OnnxType.Int64, [values.Length], MemoryMarshal.AsBytes<long>(values).ToArray());

    /// <summary>Adds int8 zeros.</summary>
    public string Zeros(int count) => Constant(OnnxType.Int8, [count], new byte[count]);

    /// <summary>Adds a weight, which is read from the model's own file.</summary>
    public string Weight(string name)
    {
        if (!_weights.Add(name)) return name;
        StoredWeight weight = _file[name];
        (string Key, string Value)[] place =
            [("location", _file.Name), ("offset", $"{weight.Offset}"), ("length", $"{weight.Bytes}")];
        ProtobufMessage constant = new ProtobufMessage()
            .AddAll(1, weight.Shape, (message, field, size) => message.Add(field, size))
            .Add(2, (long)OnnxType.Float)
            .Add(8, name)
            .AddAll(13, place, (message, field, entry) =>
                message.Add(field, new ProtobufMessage().Add(1, entry.Key).Add(2, entry.Value)))
            .Add(14, External);
        _constants.Add(constant);
        return name;
    }

    /// <summary>Writes the model.</summary>
    public void Write(
        string path, (string Name, OnnxType Type, object[] Shape)[] inputs, (string, OnnxType, object[])[] outputs)
    {
        ProtobufMessage graph = new ProtobufMessage()
            .AddAll(1, _nodes, (message, field, node) => message.Add(field, node))
            .Add(2, "bert")
            .AddAll(5, _constants, (message, field, constant) => message.Add(field, constant))
            .AddAll(11, inputs, (message, field, value) => message.Add(field, ValueInfo(value)))
            .AddAll(12, outputs, (message, field, value) => message.Add(field, ValueInfo(value)));
        ProtobufMessage model = new ProtobufMessage()
            .Add(1, IrVersion)
            .Add(7, graph)
            .Add(8, new ProtobufMessage().Add(1, "").Add(2, OperatorSet))
            .Add(8, new ProtobufMessage().Add(1, BertGraph.MicrosoftDomain).Add(2, 1));
        File.WriteAllBytes(path, model.ToArray());
    }

    string Constant(OnnxType type, int[] shape, byte[] bytes)
    {
        string name = $"constant_{++_values}";
        ProtobufMessage constant = new ProtobufMessage()
            .AddAll(1, shape, (message, field, size) => message.Add(field, size))
            .Add(2, (long)type)
            .Add(8, name)
            .Add(9, bytes);
        _constants.Add(constant);
        return name;
    }

    static ProtobufMessage Attribute((string Name, object Value) attribute)
    {
        ProtobufMessage message = new ProtobufMessage().Add(1, attribute.Name);
        return attribute.Value switch
        {
            float number => message.Add(2, number).Add(20, 1),
            int integer => message.Add(3, integer).Add(20, 2),
            int[] integers => message.AddAll(8, integers, (m, field, value) => m.Add(field, value)).Add(20, 7),
            _ => throw new ArgumentException($"{attribute.Name}: {attribute.Value.GetType()} is no attribute's type"),
        };
    }

    static ProtobufMessage ValueInfo((string Name, OnnxType Type, object[] Shape) value)
    {
        ProtobufMessage shape = new ProtobufMessage().AddAll(1, value.Shape, (message, field, size) =>
            message.Add(field, size is int known ? new ProtobufMessage().Add(1, known) : Named((string)size)));
        ProtobufMessage tensor = new ProtobufMessage().Add(1, (long)value.Type).Add(2, shape);
        return new ProtobufMessage().Add(1, value.Name).Add(2, new ProtobufMessage().Add(1, tensor));
    }

    static ProtobufMessage Named(string size) => new ProtobufMessage().Add(2, size);
}
