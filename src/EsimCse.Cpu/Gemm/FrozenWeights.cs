using EsimCse.Core.Backend;
using EsimCse.Cpu.Gemm.LowPrecision;

namespace EsimCse.Cpu.Gemm;

/// <summary>Weights of products that do not change, packed once.</summary>
sealed class FrozenWeights
{
    // Replaced as a whole: products read it on several threads.
    volatile Dictionary<(nint Address, int Rows), IDisposable> _packed = [];

    /// <summary>
    /// Whether their products are to run on threads of the backend, since they change a thread for good.
    /// </summary>
    public bool NeedOwnThreads => _packed.Values.Any(
        packed => packed is LowPrecisionWeight weight && weight.Format.Tile.NeedsOwnThreads);

    /// <summary>Returns the packed form of a weight; null where it is not frozen.</summary>
    public IDisposable? Find(Matrix weight) => _packed.GetValueOrDefault((weight.Address, weight.Rows));

    /// <summary>Packs weights until the result is disposed of.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="pack">Returns the form in which products read one.</param>
    public IDisposable Add(IEnumerable<Matrix> weights, Func<Matrix, IDisposable> pack)
    {
        Frozen frozen = new(this);
        Dictionary<(nint Address, int Rows), IDisposable> all = new(_packed);
        foreach (Matrix weight in weights)
        {
            (nint Address, int Rows) key = (weight.Address, weight.Rows);
            if (all.ContainsKey(key)) continue;
            all[key] = pack(weight);
            frozen.Keys.Add(key);
        }
        _packed = all;
        return frozen;
    }

    sealed class Frozen(FrozenWeights owner) : IDisposable
    {
        public List<(nint Address, int Rows)> Keys { get; } = [];

        public void Dispose()
        {
            Dictionary<(nint Address, int Rows), IDisposable> rest = new(owner._packed);
            List<IDisposable> removed = [];
            foreach ((nint Address, int Rows) key in Keys)
                if (rest.Remove(key, out IDisposable? packed)) removed.Add(packed);
            owner._packed = rest;
            foreach (IDisposable packed in removed) packed.Dispose();
        }
    }
}
