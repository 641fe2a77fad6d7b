namespace EsimCse.Formats.Parts;

/// <summary>Vectors in order, from which parts of some rows are taken. They are read once.</summary>
/// <param name="batches">The elements, in chunks of whole rows.</param>
/// <param name="dimension">Elements of a vector.</param>
sealed class VectorStream(IEnumerable<float[]> batches, int dimension) : IDisposable
{
    readonly IEnumerator<float[]> _batches = batches.GetEnumerator();
    float[] _batch = [];
    int _taken;

    /// <summary>Returns whether a row follows, for which the next batch may be read.</summary>
    public bool HasMore()
    {
        while (_taken == _batch.Length)
        {
            if (!_batches.MoveNext()) return false;
            _batch = _batches.Current;
            _taken = 0;
        }
        return true;
    }

    /// <summary>Returns the next rows, fewer at the end.</summary>
    public IEnumerable<float[]> Take(long rows)
    {
        while (rows > 0 && HasMore())
        {
            int count = (int)Math.Min(rows, (_batch.Length - _taken) / dimension);
            float[] part = _batch[_taken..(_taken + count * dimension)];
            _taken += part.Length;
            rows -= count;
            yield return part;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _batches.Dispose();
}
