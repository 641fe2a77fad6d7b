namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Encodes the few instructions of micro-kernels for which .NET may have no intrinsics: Intel 64 and IA-32
/// Architectures Software Developer's Manual, volume 2, §2.7 (EVEX).
/// </summary>
sealed class X64Code
{
    /// <summary>A general-purpose register, by its number.</summary>
    public const int Rax = 0, Rcx = 1, Rdx = 2, Rsi = 6, Rdi = 7, R8 = 8, R9 = 9;

    const int Map0F = 1, Map0F38 = 2;
    const int Prefix66 = 1, PrefixF3 = 2;

    /// <summary>Bytes of a register of 512 bits, by which offsets of its loads and stores are counted.</summary>
    const int VectorBytes = 64;

    readonly List<byte> _bytes = [];

    /// <summary>Returns the code.</summary>
    public byte[] ToArray() => [.. _bytes];

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
    public void GetSavedRegisters() => _bytes.AddRange([0x31, 0xC9, 0x0F, 0x01, 0xD0, 0xC3]);

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

    /// <summary>Loads the line at an address into the second-level cache.</summary>
    public void Prefetch(int address) => _bytes.AddRange([Rex(0, address), 0x0F, 0x18, ModRm(0, 2, address)]);

    /// <summary>Subtracts 1 from a register and jumps to a position unless it is 0 now.</summary>
    public void DecrementAndLoop(int register, int target)
    {
        _bytes.AddRange([Rex(0, register), 0xFF, ModRm(3, 1, register), 0x0F, 0x85]);
        _bytes.AddRange(BitConverter.GetBytes(target - (Position + sizeof(int))));
    }

    /// <summary>Returns from the function.</summary>
    public void Return() => _bytes.AddRange([0xC5, 0xF8, 0x77, 0xC3]);

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

    static int Inverted(int bit) => ~bit & 1;

    static byte Rex(int register, int address) => (byte)(0x48 | (register >> 3 & 1) << 2 | address >> 3 & 1);

    static byte ModRm(int mode, int register, int address) => (byte)(mode << 6 | (register & 7) << 3 | address & 7);
}
