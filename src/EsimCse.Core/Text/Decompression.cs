using System.Buffers;
using System.IO.Compression;
using ZstdSharp;

namespace EsimCse.Core.Text;

/// <summary>Reads up to <paramref name="count"/> bytes into a buffer and returns their number, 0 at the end.</summary>
delegate int ReadBytes(byte[] buffer, int offset, int count);

/// <summary>
/// Decompression of .gz, .br and .zst files. Data that is truncated, or a file that is followed by other data, is an
/// <see cref="InvalidDataException"/>.
/// </summary>
/// <remarks>
/// The streams of .NET take truncated data for a shorter text. Their switch System.IO.Compression.UseStrictValidation
/// is no replacement: it is read once a process, so that a program that used gzip before this library would lose the
/// check; data after a gzip file and an empty .br file still pass.
/// </remarks>
sealed class Decompression : IDisposable
{
    readonly IDisposable? _reader;

    /// <param name="file">The file, which the caller disposes.</param>
    /// <param name="extension">".gz", ".br", ".zst", or anything else for a file that is not compressed.</param>
    public Decompression(FileStream file, string extension)
    {
        switch (extension)
        {
            case ".gz":
                GzipReader gzip = new(file);
                _reader = gzip;
                Read = gzip.Read;
                break;
            case ".br":
                BrotliReader brotli = new(file);
                _reader = brotli;
                Read = brotli.Read;
                break;
            case ".zst":
                ZstdReader zstd = new(file);
                _reader = zstd;
                Read = zstd.Read;
                break;
            default:
                Read = file.Read;
                break;
        }
    }

    /// <summary>Reads the next bytes of the decompressed data.</summary>
    public ReadBytes Read { get; }

    public void Dispose() => _reader?.Dispose();

    static InvalidDataException Truncated() => new("the data is truncated, or other data follows it");

    sealed class BrotliReader(FileStream file) : IDisposable
    {
        readonly byte[] _input = new byte[1 << 16];
        BrotliDecoder _decoder;
        int _start;
        int _end;
        bool _done;

        public int Read(byte[] buffer, int offset, int count)
        {
            while (!_done)
            {
                ReadOnlySpan<byte> source = _input.AsSpan(_start, _end - _start);
                Span<byte> target = buffer.AsSpan(offset, count);
                OperationStatus status = _decoder.Decompress(source, target, out int consumed, out int written);
                if (status == OperationStatus.InvalidData) throw new InvalidDataException("not valid Brotli data");
                _start += consumed;
                _done = status == OperationStatus.Done;
                if (written > 0) return written;
                if (!_done && _start == _end) FillInput();
            }
            return 0;
        }

        public void Dispose() => _decoder.Dispose();

        void FillInput()
        {
            _start = 0;
            _end = file.Read(_input, 0, _input.Length);
            if (_end == 0) throw Truncated();
        }
    }

    /// <summary>Reads the frames of a file, at least one, of windows up to 128 MiB.</summary>
    sealed class ZstdReader(FileStream file) : IDisposable
    {
        readonly byte[] _input = new byte[1 << 16];
        readonly Decompressor _decoder = new();
        int _start;
        int _end;
        bool _isFrameEnd;

        public int Read(byte[] buffer, int offset, int count)
        {
            while (true)
            {
                int written = Decompress(buffer.AsSpan(offset, count));
                if (written > 0) return written;
                if (_start < _end) continue;
                _start = 0;
                _end = file.Read(_input, 0, _input.Length);
                if (_end == 0) return _isFrameEnd ? 0 : throw Truncated();
            }
        }

        public void Dispose() => _decoder.Dispose();

        int Decompress(Span<byte> target)
        {
            // Without input, the decoder would take the end of a frame for the start of another one.
            if (_start == _end && _isFrameEnd) return 0;
            ReadOnlySpan<byte> source = _input.AsSpan(_start, _end - _start);
            OperationStatus status = _decoder.UnwrapStream(source, target, out int consumed, out int written);
            if (status == OperationStatus.InvalidData) throw new InvalidDataException("not valid Zstandard data");
            _start += consumed;
            _isFrameEnd = status == OperationStatus.Done;
            return written;
        }
    }

    /// <summary>
    /// Appends a member of its own to the file: its bytes come out last only if the file's own members are complete.
    /// </summary>
    sealed class GzipReader(FileStream file) : IDisposable
    {
        static readonly byte[] Marker = "\0end of esimcse\0"u8.ToArray();

        readonly byte[] _buffered = new byte[1 << 16];
        readonly GZipStream _stream = new(new ConcatenatedStream(file, CreateMarker()), CompressionMode.Decompress);
        int _count;

        public int Read(byte[] buffer, int offset, int count)
        {
            while (_count <= Marker.Length)
            {
                int read = _stream.Read(_buffered, _count, _buffered.Length - _count);
                if (read == 0)
                {
                    bool complete = _buffered.AsSpan(0, _count).SequenceEqual(Marker);
                    return complete ? 0 : throw Truncated();
                }
                _count += read;
            }
            int copied = Math.Min(count, _count - Marker.Length);
            _buffered.AsSpan(0, copied).CopyTo(buffer.AsSpan(offset));
            _count -= copied;
            _buffered.AsSpan(copied, _count).CopyTo(_buffered);
            return copied;
        }

        public void Dispose() => _stream.Dispose();

        static MemoryStream CreateMarker()
        {
            MemoryStream member = new();
            using (GZipStream gzip = new(member, CompressionLevel.NoCompression, leaveOpen: true)) gzip.Write(Marker);
            member.Position = 0;
            return member;
        }
    }

    sealed class ConcatenatedStream(Stream first, Stream second) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            int read = first.Read(buffer);
            return read > 0 ? read : second.Read(buffer);
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
