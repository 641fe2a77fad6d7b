using System.Buffers;

namespace EsimCse.Core.Text;

/// <summary>The ids of a text in memory that grows: the caller's at first, then pooled memory.</summary>
/// <param name="memory">Memory for a text of usual length.</param>
ref struct IdBuffer(Span<int> memory)
{
    Span<int> _memory = memory;
    int[]? _rented;
    int _count;

    public readonly int Count => _count;

    public readonly ReadOnlySpan<int> Ids => _memory[.._count];

    public void Add(int id)
    {
        if ((uint)_count >= (uint)_memory.Length) Grow(1);
        _memory[_count++] = id;
    }

    public void AddRange(scoped ReadOnlySpan<int> ids)
    {
        if (ids.Length > _memory.Length - _count) Grow(ids.Length);
        ids.CopyTo(_memory[_count..]);
        _count += ids.Length;
    }

    /// <summary>Removes all ids from a place on.</summary>
    public void Truncate(int count) => _count = count;

    /// <summary>Removes ids and moves those after them.</summary>
    public void RemoveRange(int start, int count)
    {
        _memory[(start + count).._count].CopyTo(_memory[start..]);
        _count -= count;
    }

    /// <summary>Returns the pooled memory; the ids are gone.</summary>
    public void Dispose()
    {
        if (_rented is not null) ArrayPool<int>.Shared.Return(_rented);
        this = default;
    }

    void Grow(int count)
    {
        int[] larger = ArrayPool<int>.Shared.Rent(Math.Max(2 * _memory.Length, _count + count));
        Ids.CopyTo(larger);
        if (_rented is not null) ArrayPool<int>.Shared.Return(_rented);
        _rented = larger;
        _memory = larger;
    }
}
