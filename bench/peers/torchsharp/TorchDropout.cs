using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using static TorchSharp.torch;

namespace EsimCse.Peers;

/// <summary>Dropout at a mask's rate by libtorch's own draws, or by the mask's, laid out for padded batches.</summary>
sealed class TorchDropout(DropoutMask mask, bool ours)
{
    int _step;
    int[] _lengths = [];

    public static TorchDropout None { get; } = new(default, ours: false);

    /// <summary>The batch of a step, from 1: the first views' lengths, then the second ones'.</summary>
    public void Begin(int step, int[] lengths) => (_step, _lengths) = (step, lengths);

    /// <summary>x [S,L,H].</summary>
    public Tensor OfRows(Tensor x, int site)
    {
        if (!ours || !mask.IsActive) return Torch(x);
        float[] factors = new float[x.numel()];
        (int columns, int stride) = ((int)x.shape[2], factors.Length / _lengths.Length);
        for (int s = 0; s < _lengths.Length; s++) Draw(site, s, factors.AsSpan(s * stride, _lengths[s] * columns));
        return x * tensor(factors).view(x.shape);
    }

    /// <summary>x [S,A,L,L]; a sentence's own array is [A,n,n].</summary>
    public Tensor OfAttention(Tensor x, int layer)
    {
        if (!ours || !mask.IsActive) return Torch(x);
        float[] factors = new float[x.numel()];
        (int heads, int longest) = ((int)x.shape[1], (int)x.shape[2]);
        float[] own = new float[heads * longest * longest];
        for (int s = 0; s < _lengths.Length; s++)
        {
            int n = _lengths[s];
            Draw(BertForward.AttentionSite(layer), s, own.AsSpan(0, heads * n * n));
            for (int row = 0; row < heads * n; row++)
            {
                int padded = (s * heads + row / n) * longest + row % n;
                own.AsSpan(row * n, n).CopyTo(factors.AsSpan(padded * longest));
            }
        }
        return x * tensor(factors).view(x.shape);
    }

    Tensor Torch(Tensor x) => mask.IsActive ? nn.functional.dropout(x, mask.Rate, training: true) : x;

    void Draw(int site, int sentence, Span<float> factors)
    {
        int perView = _lengths.Length / 2;
        (uint siteAndView, uint place) = ((uint)(site | sentence / perView << 16), (uint)(sentence % perView));
        for (int first = 0; first < factors.Length; first += 8)
        {
            (uint, uint, uint, uint) block = Philox.Block((uint)first / 8, siteAndView, place, (uint)_step, mask.Seed);
            for (int i = first; i < Math.Min(first + 8, factors.Length); i++) factors[i] = Philox.Draw16(block, i - first) >= mask.Threshold ? mask.Scale : 0;
        }
    }
}
