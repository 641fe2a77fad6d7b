namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Encodes the few instructions of micro-kernels for which .NET may have no intrinsics: Intel 64 and IA-32
/// Architectures Software Developer's Manual, volume 2, §2.7 (EVEX).
/// </summary>
sealed class X64Code
{
    /// <summary>A general-purpose register, by its number.</summary>
    public const int Rax = 0, Rcx = 1, Rdx = 2, Rsi = 6, Rdi = 7, R8 = 8, R9 = 9, R10 = 10;

    const int Map0F = 1, Map0F38 = 2;
    const int Prefix66 = 1, PrefixF3 = 2, PrefixF2 = 3;

    /// <summary>Bytes of a register of 512 bits, by which offsets of its loads and stores are counted.</summary>
    const int VectorBytes = 64;

    readonly List<byte> _bytes = [];

    /// <summary>Ends the code with a return and returns its address; 0 where memory cannot be executed.</summary>
    public nint CreateFunction()
    {
        _bytes.AddRange([0xC5, 0xF8, 0x77, 0xC3]);
        return ExecutableMemory.Load([.. _bytes]);
    }

    /// <summary>The offset of the next instruction.</summary>
    public int Position => _bytes.Count;

    /// <summary>Computes zmm = 0.</summary>
    public void Clear(int zmm) => Registers(Map0F, Prefix66, 0xEF, zmm, zmm, zmm);

    /// <summary>Loads zmm = [address + offset].</summary>
    public void Load(int zmm, int address, int offset) =>
        Memory(Map0F, PrefixF3, 0x6F, zmm, address, offset, VectorBytes);

    /// <summary>Stores [address + offset] = zmm.</summary>
    public void Store(int address, int offset, int zmm) =>
        Memory(Map0F, PrefixF3, 0x7F, zmm, address, offset, VectorBytes);

    /// <summary>Loads all words of 32 bits of zmm from [address + offset].</summary>
    public void Broadcast(int zmm, int address, int offset) =>
        Memory(Map0F38, Prefix66, 0x58, zmm, address, offset, sizeof(int));

    /// <summary>
    /// Computes sum += Σ of four products of unsigned and signed bytes, in each word of 32 bits (VPDPBUSD).
    /// </summary>
    public void DotBytes(int sum, int unsigned, int signed) =>
        Registers(Map0F38, Prefix66, 0x50, sum, unsigned, signed);

    /// <summary>Computes sum += Σ of two products of bf16, in each fp32 (VDPBF16PS).</summary>
    public void DotBFloat16(int sum, int left, int right) => Registers(Map0F38, PrefixF3, 0x52, sum, left, right);

    /// <summary>Computes sum += left · right, in each fp32, rounded once (VFMADD231PS).</summary>
    public void MultiplyAdd(int sum, int left, int right) => Registers(Map0F38, Prefix66, 0xB8, sum, left, right);

    /// <summary>Returns the lower half of XCR0, which has a bit for each kind of saved registers (XGETBV).</summary>
    public void GetSavedRegisters() => _bytes.AddRange([0x31, 0xC9, 0x0F, 0x01, 0xD0]);

    /// <summary>Loads 64 bits from [address + offset].</summary>
    public void LoadPointer(int register, int address, sbyte offset) =>
        _bytes.AddRange([Rex(register, address), 0x8B, ModRm(1, register, address), (byte)offset]);

    /// <summary>Computes register += value.</summary>
    public void Add(int register, int value)
    {
        _bytes.AddRange([Rex(0, register), 0x81, ModRm(3, 0, register)]);
        _bytes.AddRange(BitConverter.GetBytes(value));
    }

    /// <summary>Computes register += other.</summary>
    public void AddRegister(int register, int other) =>
        _bytes.AddRange([Rex(other, register), 0x01, ModRm(3, other, register)]);

    /// <summary>Computes register = value, which is not negative.</summary>
    public void LoadConstant(int register, int value)
    {
        _bytes.AddRange([Rex(0, register), 0xC7, ModRm(3, 0, register)]);
        _bytes.AddRange(BitConverter.GetBytes(value));
    }

    /// <summary>Loads the line at [address + offset] into the second-level cache.</summary>
    public void Prefetch(int address, int offset)
    {
        _bytes.AddRange([Rex(0, address), 0x0F, 0x18, ModRm(2, 2, address)]);
        _bytes.AddRange(BitConverter.GetBytes(offset));
    }

    /// <summary>Subtracts 1 from a register and jumps to a position unless it is 0 now.</summary>
    public void DecrementAndLoop(int register, int target)
    {
        _bytes.AddRange([Rex(0, register), 0xFF, ModRm(3, 1, register), 0x0F, 0x85]);
        _bytes.AddRange(BitConverter.GetBytes(target - (Position + sizeof(int))));
    }

    /// <summary>Sets the sizes of the tile registers and clears them (LDTILECFG).</summary>
    public void LoadTileConfiguration(int address) => _bytes.AddRange([.. Vex(), 0x49, ModRm(0, 0, address)]);

    /// <summary>Clears all tile registers, which the system no longer saves then (TILERELEASE).</summary>
    public void ReleaseTiles() => _bytes.AddRange([.. Vex(), 0x49, 0xC0]);

    /// <summary>Computes tile = 0.</summary>
    public void ClearTile(int tile) => _bytes.AddRange([.. Vex(PrefixF2), 0x49, ModRm(3, tile, 0)]);

    /// <summary>Loads rows of a tile from address + offset on, stride bytes apart.</summary>
    public void LoadTile(int tile, int address, int stride, int offset) =>
        TileMemory(PrefixF2, tile, address, stride, offset);

    /// <summary>Stores rows of a tile from address + offset on, stride bytes apart.</summary>
    public void StoreTile(int address, int stride, int offset, int tile) =>
        TileMemory(PrefixF3, tile, address, stride, offset);

    /// <summary>
    /// Computes sums += Σ of four products of signed and unsigned bytes of each word of a row and column (TDPBSUD).
    /// </summary>
    public void TileDotBytes(int sums, int signed, int unsigned) =>
        _bytes.AddRange([.. Vex(PrefixF3, unsigned), 0x5E, ModRm(3, sums, signed)]);

    /// <summary>Computes sums += Σ of two products of bf16 of each word of a row and column (TDPBF16PS).</summary>
    public void TileDotBFloat16(int sums, int left, int right) =>
        _bytes.AddRange([.. Vex(PrefixF3, right), 0x5C, ModRm(3, sums, left)]);

    void Registers(int map, int prefix, byte opcode, int destination, int first, int second)
    {
        Evex(map, prefix, destination, first, second >> 4, second >> 3);
        _bytes.AddRange([opcode, ModRm(3, destination, second)]);
    }

    void Memory(int map, int prefix, byte opcode, int vector, int address, int offset, int unit)
    {
        if (offset % unit != 0 || offset / unit is < sbyte.MinValue or > sbyte.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(offset));
        Evex(map, prefix, vector, 0, 0, address >> 3);
        _bytes.AddRange([opcode, ModRm(1, vector, address), (byte)(sbyte)(offset / unit)]);
    }

    /// <summary>Appends the prefix of an instruction on 512 bits. Register numbers are stored inverted.</summary>
    void Evex(int map, int prefix, int register, int first, int x, int b)
    {
        int registerBits = Inverted(register >> 3) << 7 | Inverted(x) << 6 | Inverted(b) << 5;
        _bytes.Add(0x62);
        _bytes.Add((byte)(registerBits | Inverted(register >> 4) << 4 | map));
        _bytes.Add((byte)((~first & 15) << 3 | 4 | prefix));
        _bytes.Add((byte)(2 << 5 | Inverted(first >> 4) << 3));
    }

    /// <summary>Appends an instruction whose address has a base and an index: §2.1.5, table 2-3.</summary>
    void TileMemory(int prefix, int tile, int address, int index, int offset)
    {
        const int hasIndex = 4;
        byte indexAndBase = (byte)((index & 7) << 3 | address & 7);
        _bytes.AddRange([.. Vex(prefix, 0, index, address), 0x4B, ModRm(2, tile, hasIndex), indexAndBase]);
        _bytes.AddRange(BitConverter.GetBytes(offset));
    }

    /// <summary>Returns the prefix of an instruction of <see cref="Map0F38"/> on tiles: §2.3.5.</summary>
    static byte[] Vex(int prefix = 0, int second = 0, int index = 0, int address = 0)
    {
        int registerBits = 0x80 | Inverted(index >> 3) << 6 | Inverted(address >> 3) << 5;
        return [0xC4, (byte)(registerBits | Map0F38), (byte)((~second & 15) << 3 | prefix)];
    }

    static int Inverted(int bit) => ~bit & 1;

    static byte Rex(int register, int address) => (byte)(0x48 | (register >> 3 & 1) << 2 | address >> 3 & 1);

    static byte ModRm(int mode, int register, int address) => (byte)(mode << 6 | (register & 7) << 3 | address & 7);
}
