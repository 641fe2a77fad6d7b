using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using static TorchSharp.torch;

namespace EsimCse.Peers.TorchSharp;

/// <summary>Dropout at a mask's rate on padded batches, by libtorch's own draws or by the mask's.</summary>
sealed class TorchDropout(DropoutMask mask, bool usesMask)
{
    const int ElementsPerBlock = 8;

    int _step;
    int[] _lengths = [];

    public static TorchDropout None { get; } = new(default, usesMask: false);

    /// <summary>Whether the mask's own draws are applied.</summary>
    public bool UsesMask => usesMask && mask.IsActive;

    /// <summary>The probability that an element is dropped.</summary>
    public double Rate => mask.IsActive ? mask.Rate : 0;

    /// <summary>Sets the step, from 1, and the lengths of the anchors, then of the positives.</summary>
    public void Begin(int step, int[] lengths)
    {
        _step = step;
        _lengths = lengths;
    }

    /// <summary>Drops elements of x [S,L,H].</summary>
    public Tensor ApplyToRows(Tensor x, int site)
    {
        if (!UsesMask) return ApplyTorch(x);
        float[] factors = new float[x.numel()];
        int columns = (int)x.shape[2];
        int stride = factors.Length / _lengths.Length;
        for (int s = 0; s < _lengths.Length; s++) Draw(site, s, factors.AsSpan(s * stride, _lengths[s] * columns));
        return x * tensor(factors).view(x.shape);
    }

    /// <summary>
    /// Drops the mask's elements of x [S,A,L,L]. A sentence of n tokens draws an array [A,n,n].
    /// </summary>
    public Tensor ApplyToAttention(Tensor x, int layer)
    {
        float[] factors = new float[x.numel()];
        int heads = (int)x.shape[1];
        int longest = (int)x.shape[2];
        float[] drawn = new float[heads * longest * longest];
        for (int s = 0; s < _lengths.Length; s++)
        {
            int n = _lengths[s];
            Draw(BertForward.AttentionSite(layer), s, drawn.AsSpan(0, heads * n * n));
            for (int row = 0; row < heads * n; row++)
            {
                int paddedRow = (s * heads + row / n) * longest + row % n;
                drawn.AsSpan(row * n, n).CopyTo(factors.AsSpan(paddedRow * longest));
            }
        }
        return x * tensor(factors).view(x.shape);
    }

    Tensor ApplyTorch(Tensor x) => mask.IsActive ? nn.functional.dropout(x, mask.Rate, training: true) : x;

    /// <summary>Draws the factors of a sentence's elements, block by block.</summary>
    void Draw(int site, int sentence, Span<float> factors)
    {
        int perView = _lengths.Length / 2;
        uint siteAndView = (uint)(site | sentence / perView << 16);
        uint position = (uint)(sentence % perView);
        for (int first = 0; first < factors.Length; first += ElementsPerBlock)
        {
            uint block = (uint)(first / ElementsPerBlock);
            (uint, uint, uint, uint) words = Philox.Block(block, siteAndView, position, (uint)_step, mask.Seed);
            int end = Math.Min(first + ElementsPerBlock, factors.Length);
            for (int i = first; i < end; i++)
                factors[i] = Philox.Draw16(words, i - first) >= mask.Threshold ? mask.Scale : 0;
        }
    }
}
