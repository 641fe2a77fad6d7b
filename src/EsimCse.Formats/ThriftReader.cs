namespace EsimCse.Formats;

/// <summary>
/// Reads Parquet's metadata in Thrift's compact protocol without keeping it, and checks types, counts and lengths.
/// Fields that are not known are skipped.
/// </summary>
/// <param name="bytes">The bytes.</param>
sealed class ThriftReader(byte[] bytes)
{
    const int MaxDepth = 32;
    const string Integer = "integer";
    const string Truth = "bool";
    const string Binary = "binary";

    /// <summary>The fields of structures from 1 on, "-" for a number that is not used, [ before elements.</summary>
    static readonly Dictionary<string, string[]> Structures = new()
    {
        ["FileMetaData"] =
            [Integer, "[SchemaElement", Integer, "[RowGroup", "[KeyValue", Binary, "[ColumnOrder", "Struct", Binary],
        ["SchemaElement"] =
        [
            Integer, Integer, Integer, Binary, Integer, Integer, Integer, Integer, Integer, "LogicalType",
        ],
        ["RowGroup"] = ["[ColumnChunk", Integer, Integer, "[SortingColumn", Integer, Integer, Integer],
        ["ColumnChunk"] =
            [Binary, Integer, "ColumnMetaData", Integer, Integer, Integer, Integer, "Struct", Binary],
        ["ColumnMetaData"] =
        [
            Integer, "[" + Integer, "[" + Binary, Integer, Integer, Integer, Integer, "[KeyValue", Integer, Integer,
            Integer, "Statistics", "[PageEncodingStats", Integer, Integer, "SizeStatistics", "Struct",
        ],
        ["Statistics"] = [Binary, Binary, Integer, Integer, Binary, Binary, Truth, Truth],
        ["SizeStatistics"] = [Integer, "[" + Integer, "[" + Integer],
        ["PageEncodingStats"] = [Integer, Integer, Integer],
        ["SortingColumn"] = [Integer, Truth, Truth],
        ["KeyValue"] = [Binary, Binary],
        ["ColumnOrder"] = ["Struct"],
        ["LogicalType"] =
        [
            "Struct", "Struct", "Struct", "Struct", "Decimal", "Struct", "Time", "Time", "-", "IntegerType", "Struct",
            "Struct", "Struct", "Struct", "Struct", "Struct", "Struct", "Struct",
        ],
        ["Decimal"] = [Integer, Integer],
        ["Time"] = [Truth, "TimeUnit"],
        ["TimeUnit"] = ["Struct", "Struct", "Struct"],
        ["IntegerType"] = [Integer, Truth],
        ["PageHeader"] =
        [
            Integer, Integer, Integer, Integer, "DataPageHeader", "Struct", "DictionaryPageHeader", "DataPageHeaderV2",
        ],
        ["DataPageHeader"] = [Integer, Integer, Integer, Integer, "Statistics"],
        ["DictionaryPageHeader"] = [Integer, Integer, Truth],
        ["DataPageHeaderV2"] = [Integer, Integer, Integer, Integer, Integer, Integer, Truth, "Statistics"],
        ["Struct"] = [],
    };

    int _depth;

    /// <summary>The number of bytes read.</summary>
    public int Position { get; private set; }

    /// <summary>The integers of the outermost structure by the numbers of their fields; 0 for none.</summary>
    public long[] Integers { get; } = new long[16];

    /// <summary>Reads a structure.</summary>
    /// <exception cref="InvalidDataException">It is not valid.</exception>
    public void ReadStructure(string name)
    {
        if (++_depth > MaxDepth) throw new InvalidDataException("found metadata nested too deeply");
        string[] fields = Structures[name];
        long id = 0;
        while (ReadByte() is not 0 and int head)
        {
            id = head >> 4 > 0 ? id + (head >> 4) : ZigZag(ReadNumber());
            string? expected = id >= 1 && id <= fields.Length && fields[id - 1] != "-" ? fields[id - 1] : null;
            long value = ReadValue(head & 15, expected, isField: true);
            if (_depth == 1 && id >= 0 && id < Integers.Length) Integers[id] = value;
        }
        _depth--;
    }

    /// <summary>Reads a value and returns it if it is an integer, otherwise 0.</summary>
    long ReadValue(int type, string? expected, bool isField)
    {
        string found = type switch
        {
            1 or 2 => Truth,
            3 or 4 or 5 or 6 => Integer,
            7 => "double",
            8 => Binary,
            9 or 10 => "[",
            12 => "Struct",
            _ => throw new InvalidDataException($"found type {type} in the metadata"),
        };
        if (expected is not null && found != Category(expected))
            throw new InvalidDataException($"found {found} in the metadata, expected {expected}");
        switch (found)
        {
            case Truth:
                return isField ? 0 : ReadByte();
            case Integer:
                return type == 3 ? ReadByte() : ZigZag(ReadNumber());
            case "double":
                Skip(sizeof(double));
                return 0;
            case Binary:
                Skip(ReadNumber());
                return 0;
            case "[":
                ReadList(expected?[1..]);
                return 0;
            default:
                ReadStructure(expected ?? "Struct");
                return 0;
        }
    }

    void ReadList(string? element)
    {
        int head = ReadByte();
        ulong count = head >> 4 == 15 ? ReadNumber() : (ulong)(head >> 4);
        if (count > (ulong)(bytes.Length - Position))
            throw new InvalidDataException($"found a list of {count} elements");
        for (ulong i = 0; i < count; i++) ReadValue(head & 15, element, isField: false);
    }

    static string Category(string expected) => expected switch
    {
        Integer or Truth or Binary => expected,
        ['[', ..] => "[",
        _ => "Struct",
    };

    int ReadByte() => Position < bytes.Length ? bytes[Position++] : throw EndsEarly();

    ulong ReadNumber()
    {
        ulong number = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int part = ReadByte();
            number |= (ulong)(part & 127) << shift;
            if (part < 128) return number;
        }
        throw new InvalidDataException("found a number of more than 64 bits in the metadata");
    }

    void Skip(ulong count)
    {
        if (count > (ulong)(bytes.Length - Position)) throw EndsEarly();
        Position += (int)count;
    }

    static long ZigZag(ulong number) => (long)(number >> 1) ^ -(long)(number & 1);

    static InvalidDataException EndsEarly() => new("the metadata ends early");
}
