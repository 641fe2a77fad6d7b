using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Unicode;

namespace EsimCse.Core.Text;

/// <summary>
/// A hash table of tokens in UTF-8. A key is up to 16 bytes; a longer token is a chain of keys, each with the node of
/// the one before it. An entry is half a cache line. A separate byte of its hash makes a lookup without a match seldom
/// read an entry.
/// </summary>
sealed class TokenTable
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyLength = 16;

    /// <summary>The node before the first key of a token that begins a word.</summary>
    public const int WordStart = 0;

    /// <summary>The node before the first key of a token that continues a word.</summary>
    public const int Continuation = -1;

    /// <summary>Bits of a place that hold the length of its key.</summary>
    const int LengthBits = 5;

    /// <summary>Bytes of a key that select its lengths in the table of lengths.</summary>
    const int SelectorLength = 3;

    const int SelectorBits = 13;

    /// <summary>Bytes of the longest token in UTF-8 that needs no memory of its own.</summary>
    const int UsualTokenLength = 256;

    /// <summary>Lengths of the keys with the same first bytes and node: bit 0 for one byte.</summary>
    readonly ushort[] _lengths = new ushort[1 << SelectorBits];

    Entry[] _entries;

    /// <summary>A part of the hash of each entry; 0 for no entry.</summary>
    byte[] _tags;

    int _slotBits;
    int _count;
    int _nodes;

    /// <param name="capacity">Tokens for which there is memory at once.</param>
    public TokenTable(int capacity)
    {
        _slotBits = BitOperations.Log2((uint)Math.Max(1, capacity) * 3 / 2) + 1;
        _entries = new Entry[1 << _slotBits];
        _tags = new byte[1 << _slotBits];
    }

    /// <summary>A key, its token and the node after it.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 32)]
    struct Entry
    {
        /// <summary>Bytes of a token, the last ones zero.</summary>
        public ulong Low, High;

        /// <summary>The node before the key, and the length of the key.</summary>
        public int Place;

        /// <summary>Id of the token that ends with the key; -1 for none.</summary>
        public int Id;

        /// <summary>The node of keys after this one; 0 for none.</summary>
        public int Node;

        public readonly Vector128<ulong> Key => Vector128.Create(Low, High);

        public readonly bool Is(Vector128<ulong> key, int place) =>
            Place == place && Low == key.ToScalar() && High == key.GetElement(1);
    }

    /// <summary>From each place on, a mask of as many first bytes as there are before the zeros.</summary>
    static ReadOnlySpan<byte> Masks =>
    [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>
    /// Adds a token, or gives it another id. One that is not valid UTF-16 is left out, because no text has it.
    /// </summary>
    public void Add(ReadOnlySpan<char> token, int node, int id)
    {
        int capacity = 3 * token.Length + KeyLength;
        Span<byte> utf8 = capacity <= UsualTokenLength ? stackalloc byte[UsualTokenLength] : new byte[capacity];
        Utf8.FromUtf16(token, utf8, out int read, out int length, replaceInvalidSequences: false);
        if (length == 0 || read < token.Length) return;
        int start = 0;
        for (; length - start > KeyLength; start += KeyLength)
        {
            ref Entry link = ref GetOrAdd(utf8[start..], KeyLength, node);
            if (link.Node == 0) link.Node = ++_nodes;
            node = link.Node;
        }
        GetOrAdd(utf8[start..], length - start, node).Id = id;
    }

    /// <summary>Looks up a token of up to 16 bytes.</summary>
    /// <param name="chunk">Its bytes and any others after them.</param>
    /// <param name="length">The number of its bytes.</param>
    /// <param name="node">The node before it.</param>
    /// <returns>Its id, or -1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(Vector128<byte> chunk, int length, int node)
    {
        int slot = FindSlot(First(chunk, length), Place(node, length));
        return slot < 0 ? -1 : At(_entries, slot).Id;
    }

    /// <summary>Finds the longest token at the start of a word.</summary>
    /// <param name="word">The word, after which there are <see cref="KeyLength"/> bytes of any value.</param>
    /// <param name="length">Bytes of the word.</param>
    /// <param name="node">The node before the token.</param>
    /// <param name="id">The token's id.</param>
    /// <returns>Bytes of the token; 0 for none.</returns>
    public int FindLongest(ref readonly byte word, int length, int node, out int id)
    {
        Vector128<byte> chunk = Vector128.LoadUnsafe(in word);
        if (length > KeyLength)
        {
            int slot = FindSlot(chunk.AsUInt64(), Place(node, KeyLength));
            Entry link = slot < 0 ? new Entry { Id = -1 } : _entries[slot];
            if (link.Node != 0)
            {
                ref readonly byte rest = ref Unsafe.Add(ref Unsafe.AsRef(in word), KeyLength);
                int more = FindLongest(in rest, length - KeyLength, link.Node, out id);
                if (more > 0) return KeyLength + more;
            }
            id = link.Id;
            if (id >= 0) return KeyLength;
            length = KeyLength - 1;
        }
        // Tokens that are shorter than the selector are tried in any case.
        uint lengths = (_lengths[Selector(chunk, node)] | 3u) & ((1u << length) - 1);
        while (lengths != 0)
        {
            int candidate = BitOperations.Log2(lengths) + 1;
            id = Find(chunk, candidate, node);
            if (id >= 0) return candidate;
            lengths ^= 1u << (candidate - 1);
        }
        id = -1;
        return 0;
    }

    /// <summary>Returns the slot of a key, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int FindSlot(Vector128<ulong> key, int place)
    {
        uint hash = Hash(key, place);
        byte tag = Tag(hash);
        int mask = _tags.Length - 1;
        for (int slot = (int)(hash >> -_slotBits); ; slot = (slot + 1) & mask)
        {
            byte found = At(_tags, slot);
            if (found == tag && At(_entries, slot).Is(key, place)) return slot;
            if (found == 0) return -1;
        }
    }

    ref Entry GetOrAdd(ReadOnlySpan<byte> bytes, int length, int node)
    {
        Vector128<byte> chunk = Vector128.Create(bytes);
        Vector128<ulong> key = First(chunk, length);
        int slot = FindSlot(key, Place(node, length));
        if (slot >= 0) return ref _entries[slot];
        if (3 * ++_count > 2 * _entries.Length) Grow();
        _lengths[Selector(chunk, node)] |= (ushort)(1 << (length - 1));
        return ref Insert(new Entry
        {
            Low = key.ToScalar(),
            High = key.GetElement(1),
            Place = Place(node, length),
            Id = -1,
        });
    }

    void Grow()
    {
        Entry[] entries = _entries;
        byte[] tags = _tags;
        _entries = new Entry[2 * entries.Length];
        _tags = new byte[2 * entries.Length];
        _slotBits++;
        for (int slot = 0; slot < entries.Length; slot++)
            if (tags[slot] != 0) Insert(entries[slot]);
    }

    ref Entry Insert(Entry entry)
    {
        uint hash = Hash(entry.Key, entry.Place);
        int slot = (int)(hash >> -_slotBits);
        while (_tags[slot] != 0) slot = (slot + 1) & (_tags.Length - 1);
        _tags[slot] = Tag(hash);
        _entries[slot] = entry;
        return ref _entries[slot];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static byte Tag(uint hash) => (byte)(hash | 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref T At<T>(T[] array, int index) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(array), index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Place(int node, int length) => node << LengthBits | length;

    /// <summary>Returns the first bytes of a key, the others zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> First(Vector128<byte> chunk, int length) =>
        (chunk & Vector128.LoadUnsafe(in MemoryMarshal.GetReference(Masks), (nuint)(KeyLength - length))).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Hash(Vector128<ulong> key, int place)
    {
        ulong sum = (key.ToScalar() + (uint)place) * 0x9E3779B97F4A7C15 + key.GetElement(1) * 0xC2B2AE3D27D4EB4F;
        return (uint)(sum >> 32);
    }

    /// <summary>Returns the place of a key's lengths, which its first bytes and its node select.</summary>
    static int Selector(Vector128<byte> chunk, int node)
    {
        uint first = chunk.AsUInt32().ToScalar() & ((1u << 8 * SelectorLength) - 1);
        return (int)(((first ^ (uint)node << 24) * 0x9E3779B1) >> (32 - SelectorBits));
    }
}
