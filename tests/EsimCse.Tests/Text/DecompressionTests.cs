using System.IO.Compression;
using EsimCse.Core.Text;
using ZstdSharp;

namespace EsimCse.Tests.Text;

public sealed class DecompressionTests : IDisposable
{
    readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("esimcse-gz-").FullName, "data");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    static byte[] Letters(int count)
    {
        Random random = new(3);
        return [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next('a', 'z'))];
    }

    static byte[] Compress(byte[] data, string extension)
    {
        MemoryStream compressed = new();
        using (Stream stream = extension switch
        {
            ".gz" => new GZipStream(compressed, CompressionLevel.Fastest),
            ".br" => new BrotliStream(compressed, CompressionLevel.Fastest),
            _ => new CompressionStream(compressed, leaveOpen: false),
        })
            stream.Write(data);
        return compressed.ToArray();
    }

    byte[] Read(byte[] file, string extension, int bufferBytes = 1000)
    {
        File.WriteAllBytes(_path, file);
        using FileStream stream = File.OpenRead(_path);
        using Decompression decompression = new(stream, extension);
        MemoryStream data = new();
        byte[] buffer = new byte[bufferBytes];
        while (decompression.Read(buffer, 1, buffer.Length - 1) is > 0 and int read) data.Write(buffer, 1, read);
        return data.ToArray();
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".br")]
    [InlineData(".zst")]
    [InlineData(".txt")]
    public void A_file_gives_its_data_by_its_extension(string extension)
    {
        foreach (int count in new[] { 0, 1, 15, 16, 17, 70_000 })
        {
            byte[] data = Letters(count);
            byte[] file = extension == ".txt" ? data : Compress(data, extension);
            Assert.Equal(data, Read(file, extension));
            Assert.Equal(data, Read(file, extension, bufferBytes: 7));
        }
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".br")]
    [InlineData(".zst")]
    public void Every_truncation_is_refused(string extension)
    {
        byte[] file = Compress(Letters(300), extension);
        for (int length = extension == ".gz" ? 1 : 0; length < file.Length; length++)
            Assert.ThrowsAny<InvalidDataException>(() => Read(file[..length], extension));
    }

    [Fact]
    public void Several_gzip_members_are_one_text_and_other_data_behind_them_is_refused()
    {
        byte[] file = Compress(Letters(300), ".gz");
        byte[] twice = [.. file, .. file];
        Assert.Equal([.. Letters(300), .. Letters(300)], Read(twice, ".gz"));
        Assert.ThrowsAny<InvalidDataException>(() => Read([.. file, .. "garbage"u8], ".gz"));
        Assert.ThrowsAny<InvalidDataException>(() => Read(twice[..^1], ".gz"));
        Assert.ThrowsAny<InvalidDataException>(() => Read([.. file, .. file[..5]], ".gz"));
    }

    [Fact]
    public void Several_zstd_frames_are_one_text_and_other_data_behind_them_is_refused()
    {
        byte[] file = Compress(Letters(300), ".zst");
        byte[] skippable = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        byte[] twice = [.. file, .. skippable, .. Compress([], ".zst"), .. file];
        Assert.Equal([.. Letters(300), .. Letters(300)], Read(twice, ".zst"));
        Assert.Equal([.. Letters(300), .. Letters(300)], Read(twice, ".zst", bufferBytes: 7));
        Assert.ThrowsAny<InvalidDataException>(() => Read([.. file, .. "garbage"u8], ".zst"));
        Assert.ThrowsAny<InvalidDataException>(() => Read(twice[..^1], ".zst"));
        Assert.ThrowsAny<InvalidDataException>(() => Read([.. file, .. file[..5]], ".zst"));
    }

    [Fact]
    public void Zstd_data_of_another_program_is_read()
    {
        // printf 'the cat\nthe dog\n' | zstd --no-check
        byte[] plain = Convert.FromHexString("28B52FFD0058810000746865206361740A74686520646F670A");
        Assert.Equal("the cat\nthe dog\n"u8, Read(plain, ".zst"));
    }

    [Fact]
    public void Every_changed_byte_of_zstd_data_is_read_or_refused()
    {
        byte[] file = Compress(Letters(3000), ".zst");
        for (int i = 0; i < file.Length; i++)
        {
            byte[] changed = [.. file];
            changed[i] ^= 0x55;
            if (Record.Exception(() => Read(changed, ".zst")) is { } error)
                Assert.IsType<InvalidDataException>(error, exactMatch: false);
        }
    }
}
