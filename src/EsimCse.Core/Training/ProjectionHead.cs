using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Training;

/// <summary>
/// The way from pooled vectors to those of the loss: dense + tanh for a pooler with a head, else a cast to fp32 where
/// pooled vectors are stored in another type.
/// </summary>
sealed class ProjectionHead
{
    readonly IBackend _backend;
    readonly bool _hasHead;
    readonly LinearWeights _weights, _gradients;
    readonly Matrix _pooled, _dpooled, _dvectors;

    /// <summary>Allocates the buffers of one step. pooled: [S,E], the input.</summary>
    public ProjectionHead(Arena arena, BertParameters bert, BertWeights gradients, Pooler pooler, Matrix pooled)
    {
        _backend = bert.Backend;
        _hasHead = pooler.HasHead;
        _weights = bert.Weights.Head;
        _gradients = gradients.Head;
        _pooled = pooled;
        bool isExact = pooled.Type == ElementType.Float32;
        Vectors = isExact && !_hasHead ? pooled : arena.Allocate(pooled.Rows, pooled.Columns);
        _dvectors = isExact ? default : arena.Allocate(pooled.Rows, pooled.Columns, pooled.Type);
        _dpooled = _hasHead ? arena.Allocate(pooled.Rows, pooled.Columns, pooled.Type) : default;
    }

    /// <summary>[S,E] in fp32: the vectors of the loss.</summary>
    public Matrix Vectors { get; }

    public void Forward()
    {
        if (_hasHead)
        {
            _backend.LinearForward(_pooled, _weights.Weight, _weights.Bias, batchInvariant: false, Vectors);
            _backend.TanhForward(Vectors, Vectors);
        }
        else if (_pooled.Type != Vectors.Type) _backend.Cast(_pooled, Vectors);
    }

    /// <summary>Returns the gradient of the pooled vectors, in their type. dvectors [S,E] is overwritten.</summary>
    public Matrix Backward(Matrix dvectors)
    {
        if (!_hasHead) return Cast(dvectors);
        _backend.TanhBackward(dvectors, Vectors, dvectors);
        Matrix dlinear = Cast(dvectors);
        _backend.LinearBackwardWeight(dlinear, _pooled, accumulate: true, _gradients.Weight, _gradients.Bias);
        _backend.LinearBackwardInput(dlinear, _weights.Weight, accumulate: false, _dpooled);
        return _dpooled;
    }

    Matrix Cast(Matrix dvectors)
    {
        if (!_dvectors.IsPresent) return dvectors;
        _backend.Cast(dvectors, _dvectors);
        return _dvectors;
    }
}
