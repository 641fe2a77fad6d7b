using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int CastsPerThread = 8;

    /// <inheritdoc/>
    public void Cast(Matrix source, Matrix target)
    {
        if (source.Count != target.Count || source.Count % CastsPerThread != 0) throw new ArgumentException($"{source} does not fit {target}, or is no multiple of {CastsPerThread} elements");
        if (source.Type == target.Type) Copy(source, target);
        else Launch("cast" + Suffix(source) + Suffix(target), new(checked((int)((source.Count / CastsPerThread + 255) / 256)), 256), source, target, source.Count);
    }
}
