using EsimCse.Core.Model;

namespace EsimCse.Bench;

/// <summary>The work of a model's matrix products.</summary>
static class MatmulWork
{
    /// <summary>
    /// Returns the floating-point operations of a forward pass's matrix products over a number of tokens, attention's
    /// own products left out.
    /// </summary>
    public static double MatmulOperations(this BertConfig config, double tokens)
    {
        double hidden = config.HiddenSize;
        return 2.0 * tokens * config.Layers * (4 * hidden * hidden + 2 * hidden * config.IntermediateSize);
    }

    /// <summary>
    /// Returns the same where the last layer computes keys and values of all tokens and the rest of [CLS] only.
    /// </summary>
    public static double ClsOperations(this BertConfig config, double tokens, double sentences)
    {
        double hidden = config.HiddenSize;
        double ofCls = 2 * hidden * hidden + 2 * hidden * config.IntermediateSize;
        double lastLayer = 2 * (tokens * 2 * hidden * hidden + sentences * ofCls);
        return config.MatmulOperations(tokens) * (config.Layers - 1) / config.Layers + lastLayer;
    }
}
