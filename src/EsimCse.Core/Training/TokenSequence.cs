using System.Runtime.InteropServices;

namespace EsimCse.Core.Training;

/// <summary>Compares texts by their token ids.</summary>
sealed class TokenSequence : IEqualityComparer<int[]>
{
    public static TokenSequence Comparer { get; } = new();

    public bool Equals(int[]? first, int[]? second) => first.AsSpan().SequenceEqual(second);

    public int GetHashCode(int[] ids)
    {
        HashCode hash = default;
        hash.AddBytes(MemoryMarshal.AsBytes<int>(ids));
        return hash.ToHashCode();
    }
}
