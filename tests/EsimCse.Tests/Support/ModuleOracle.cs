using EsimCse.Core.Backend;

namespace EsimCse.Tests.Support;

/// <summary>The modules of sentence-transformers in double, one after the other.</summary>
sealed record ModuleOracle(TokenVectors Tokens, int Width, double[] Values)
{
    int Rows => Tokens.Offsets.Length - 1;

    public ModuleOracle Pool(params TokenPooling[] modes)
    {
        (double[] values, int[] offsets) = Tokens;
        double[][] parts = [.. modes.Select(mode => Reference.Pooling.Forward(values, offsets, mode, Width))];
        IEnumerable<double> joined =
            from row in Enumerable.Range(0, Rows)
            from part in parts
            from value in part.AsSpan(row * Width, Width).ToArray()
            select value;
        return this with { Values = [.. joined], Width = modes.Length * Width };
    }

    public ModuleOracle Dense((double[] Weight, double[]? Bias) weights, Activation? activation)
    {
        int outputs = weights.Weight.Length / Width;
        double[] linear = Reference.Linear.Forward(Values, weights.Weight, weights.Bias, Rows, outputs, Width);
        if (activation is { } function) linear = Reference.Activation.Forward(linear, function);
        return this with { Values = linear, Width = outputs };
    }

    public ModuleOracle LayerNorm((double[] Gamma, double[] Beta) weights)
    {
        double[] zeros = new double[Values.Length];
        double[] ones = [.. zeros.Select(_ => 1.0)];
        var output = Reference.LayerNorm.Forward(
            Values, new double[Width], zeros, ones, weights.Gamma, weights.Beta, 1e-5, Rows, Width);
        return this with { Values = output.Y };
    }

    public ModuleOracle Normalize() => this with { Values = [.. Values.Chunk(Width).SelectMany(Unit)] };

    public ModuleOracle Columns(int count) =>
        this with { Values = [.. Values.Chunk(Width).SelectMany(row => row.Take(count))], Width = count };

    static double[] Unit(double[] row)
    {
        double norm = Math.Sqrt(row.Sum(value => value * value));
        return [.. row.Select(value => value / norm)];
    }
}
