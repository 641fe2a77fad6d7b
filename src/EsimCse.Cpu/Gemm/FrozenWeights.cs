using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Gemm;

/// <summary>Weights of products that do not change, packed once.</summary>
sealed class FrozenWeights
{
    // Replaced as a whole: products read it on several threads.
    volatile Dictionary<(nint Address, int Rows), PackedMatrix> _packed = [];

    /// <summary>Returns the packed transpose of a weight; null where it is not frozen.</summary>
    public PackedMatrix? Find(Matrix weight) => _packed.GetValueOrDefault((weight.Address, weight.Rows));

    /// <summary>Packs the transposes of weights until the result is disposed of.</summary>
    public IDisposable Add(Sgemm sgemm, IEnumerable<Matrix> weights)
    {
        Frozen frozen = new(this);
        Dictionary<(nint Address, int Rows), PackedMatrix> all = new(_packed);
        foreach (Matrix weight in weights)
        {
            (nint Address, int Rows) key = (weight.Address, weight.Rows);
            if (all.ContainsKey(key)) continue;
            all[key] = sgemm.Pack(Operand.Transposed(weight), weight.Columns, weight.Rows);
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
            Dictionary<(nint Address, int Rows), PackedMatrix> rest = new(owner._packed);
            List<PackedMatrix> removed = [];
            foreach ((nint Address, int Rows) key in Keys)
                if (rest.Remove(key, out PackedMatrix? packed)) removed.Add(packed);
            owner._packed = rest;
            foreach (PackedMatrix packed in removed) packed.Dispose();
        }
    }
}
