using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda.Streams;

/// <summary>
/// Column sums of a stream of which kernels write the parts, until one launch adds them all to their targets.
/// </summary>
/// <remarks>
/// The memory of the parts is used again from its start after each launch. It grows by further blocks and is not freed
/// before the end, because graphs contain its addresses.
/// </remarks>
sealed class PendingSums(CudaBackend backend) : IDisposable
{
    const long MinBlockBytes = 1 << 20;

    readonly List<(nint Address, long Bytes)> _blocks = [];
    int _block;
    long _used;
    SumTable _table;

    /// <summary>Number of sums in the <see cref="Table"/>.</summary>
    public int Count { get; private set; }

    /// <summary>The most columns of a sum.</summary>
    public int MaxColumns { get; private set; }

    /// <summary>The sums, for the kernel that adds them.</summary>
    public ref readonly SumTable Table => ref _table;

    /// <summary>Whether sums for these targets can be kept: there is room, and none has one already.</summary>
    public bool CanKeep(params ReadOnlySpan<Matrix> targets)
    {
        if (Count + targets.Length > SumTable.Capacity) return false;
        foreach (Matrix target in targets)
            for (int i = 0; i < Count; i++)
                if (target.IsPresent && _table[i].Target == target.Address) return false;
        return true;
    }

    /// <summary>
    /// Returns memory for the parts [parts, stride] of sums whose columns are adjacent, which targets [1,N] will
    /// receive; an absent last one does not.
    /// </summary>
    public nint Keep(int parts, int stride, params ReadOnlySpan<Matrix> targets)
    {
        nint partials = Reserve((long)parts * stride * sizeof(float));
        int column = 0;
        foreach (Matrix target in targets)
        {
            if (!target.IsPresent) break;
            nint first = partials + column * sizeof(float);
            _table[Count++] = new PendingSum(first, target.Address, parts, stride, target.Columns);
            MaxColumns = Math.Max(MaxColumns, target.Columns);
            column += target.Columns;
        }
        return partials;
    }

    /// <summary>Forgets all sums: they were added, or their kernels did not run.</summary>
    public void Clear()
    {
        _table = default;
        Count = 0;
        MaxColumns = 0;
        _block = 0;
        _used = 0;
    }

    public void Dispose()
    {
        foreach ((nint address, _) in _blocks) backend.Free(address);
        _blocks.Clear();
    }

    nint Reserve(long bytes)
    {
        bytes = (bytes + Arena.Alignment - 1) / Arena.Alignment * Arena.Alignment;
        for (; _block < _blocks.Count; _block++, _used = 0)
        {
            if (bytes > _blocks[_block].Bytes - _used) continue;
            _used += bytes;
            return _blocks[_block].Address + (nint)(_used - bytes);
        }
        long total = _blocks.Sum(block => block.Bytes);
        long size = Math.Max(bytes, Math.Max(total, MinBlockBytes));
        _blocks.Add((backend.Allocate(size), size));
        _used = bytes;
        return _blocks[_block].Address;
    }
}
