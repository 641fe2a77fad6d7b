using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int CastElementsPerThread = 8;

    /// <inheritdoc/>
    public void Cast(Matrix source, Matrix target)
    {
        if (source.Count != target.Count) throw CastMismatch(source, target);
        if (source.Count % CastElementsPerThread != 0) throw CastMismatch(source, target);
        if (source.Type == target.Type)
        {
            Copy(source, target);
            return;
        }
        LaunchConfig perEightElements = PerThread(source.Count / CastElementsPerThread);
        Launch("cast" + Suffix(source) + Suffix(target), perEightElements, source, target, source.Count);
    }

    static ArgumentException CastMismatch(Matrix source, Matrix target) => new(
        $"cast of {source} to {target}: expected equal element counts that are multiples of {CastElementsPerThread}");
}
