using System.Buffers;
using System.IO.Compression;

namespace EsimCse.Core.Text;

/// <summary>Reads so many bytes into a buffer from an offset; 0 at the end.</summary>
delegate int ReadBytes(byte[] buffer, int offset, int count);

/// <summary>
/// What .gz and .br files hold. The streams of .NET end without a word where the data end too early, and a copy cut short would be taken for a shorter text;
/// here that is an <see cref="InvalidDataException"/>.
/// </summary>
sealed class Decompression : IDisposable
{
    readonly WholeGzip? _gzip;
    readonly WholeBrotli? _brotli;

    /// <summary>The bytes of a file, decompressed if its ending says so.</summary>
    public Decompression(FileStream file, string ending)
    {
        if (ending == ".gz") _gzip = new WholeGzip(file);
        if (ending == ".br") _brotli = new WholeBrotli(file);
        Read = _gzip is not null ? _gzip.Read : _brotli is not null ? _brotli.Read : file.Read;
    }

    /// <summary>The next bytes.</summary>
    public ReadBytes Read { get; }

    public void Dispose()
    {
        _gzip?.Dispose();
        _brotli?.Dispose();
    }

    static InvalidDataException EndsEarly() => new("the data end too early, or something else follows them");

    sealed class WholeBrotli(FileStream file) : IDisposable
    {
        readonly byte[] _input = new byte[1 << 16];
        BrotliDecoder _decoder;
        int _start, _end;
        bool _done;

        public int Read(byte[] buffer, int offset, int count)
        {
            while (!_done)
            {
                OperationStatus status = _decoder.Decompress(_input.AsSpan(_start, _end - _start), buffer.AsSpan(offset, count), out int consumed, out int written);
                if (status == OperationStatus.InvalidData) throw new InvalidDataException("not Brotli");
                _start += consumed;
                _done = status == OperationStatus.Done;
                if (written > 0) return written;
                if (!_done && _start == _end) Fill();
            }
            return 0;
        }

        public void Dispose() => _decoder.Dispose();

        void Fill()
        {
            (_start, _end) = (0, file.Read(_input, 0, _input.Length));
            if (_end == 0) throw EndsEarly();
        }
    }

    /// <summary>A member of our own is put behind the file's: only where those are whole do its bytes come out last.</summary>
    sealed class WholeGzip : IDisposable
    {
        static readonly byte[] Marker = "\0end of esimcse\0"u8.ToArray();

        readonly byte[] _held = new byte[1 << 16];
        readonly GZipStream _stream;
        int _count;

        public WholeGzip(FileStream file)
        {
            _stream = new GZipStream(new FollowedBy(file, Member()), CompressionMode.Decompress);
        }

        public int Read(byte[] buffer, int offset, int count)
        {
            while (_count <= Marker.Length)
            {
                int read = _stream.Read(_held, _count, _held.Length - _count);
                if (read == 0) return _held.AsSpan(0, _count).SequenceEqual(Marker) ? 0 : throw EndsEarly();
                _count += read;
            }
            int given = Math.Min(count, _count - Marker.Length);
            _held.AsSpan(0, given).CopyTo(buffer.AsSpan(offset));
            _count -= given;
            _held.AsSpan(given, _count).CopyTo(_held);
            return given;
        }

        public void Dispose() => _stream.Dispose();

        static MemoryStream Member()
        {
            MemoryStream member = new();
            using (GZipStream gzip = new(member, CompressionLevel.NoCompression, leaveOpen: true)) gzip.Write(Marker);
            member.Position = 0;
            return member;
        }
    }

    sealed class FollowedBy(Stream first, Stream second) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer) => first.Read(buffer) is > 0 and int read ? read : second.Read(buffer);

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
