using System.Buffers.Binary;
using Skiff.Images.Layers;
using Skiff.Linux;

namespace Skiff.Images.Zstd;

/// <summary>Decompresses zstd: any number of frames, skippable ones between them (RFC 8878).</summary>
/// <remarks>
/// Memory is bounded by the greatest window allowed, and taken only when a frame asks for it. Frames that need a dictionary are refused. The frame's own checksum is
/// passed over: what is read here is checked by a digest of the whole. The source stays the caller's.
/// </remarks>
internal sealed unsafe class ZstdStream : ReadOnlyStream, IPieceSource
{
    private const uint Magic = 0xFD2FB528;
    private const uint SkippableMagic = 0x184D2A50;
    private const int MaxWindow = 128 << 20; // what the zstd program accepts by default (RFC 8878 section 3.1.1.1.2)
    private const int Before = 32; // readable before and behind a block, see BlockDecoder
    private const int InputSize = 256 << 10;

    private readonly Stream _source;
    private readonly LargeBuffer _input = new(Before + InputSize + Window.Slack);
    private readonly BlockDecoder _decoder = new();
    private readonly Window _window = new();
    private int _position = Before;
    private int _end = Before;
    private bool _inFrame;
    private bool _hasChecksum;
    private int _blockLimit;
    private long _size; // of the frame's content; -1 if it does not say
    private long _produced;
    private byte* _ready;
    private int _left;

    internal ZstdStream(Stream source) => _source = source;

    public override int Read(Span<byte> buffer)
    {
        int count = TryDecode() ? Math.Min(buffer.Length, _left) : 0;
        new ReadOnlySpan<byte>(_ready, count).CopyTo(buffer);
        _ready += count;
        _left -= count;
        return count;
    }

    public byte* Next(out int length)
    {
        length = TryDecode() ? _left : 0;
        _left = 0;
        return _ready;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
            _decoder.Dispose();
            _window.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Sees to it that something is ready; false at the end of the source.</summary>
    private bool TryDecode()
    {
        while (_left == 0)
        {
            if (!(_inFrame ? ReadBlock() : ReadFrameHeader()))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The header of a frame (RFC 8878 section 3.1.1.1); false at the end of the source.</summary>
    private bool ReadFrameHeader()
    {
        if (!TryNeed(1))
        {
            return false;
        }
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        if ((magic & 0xFFFFFFF0) == SkippableMagic)
        {
            Skip(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
            return true;
        }
        if (magic != Magic)
        {
            ZstdErrors.Throw("something that is no frame follows");
        }
        int descriptor = Take(1)[0];
        bool single = (descriptor & 0x20) != 0;
        if ((descriptor & 0x08) != 0)
        {
            ZstdErrors.Throw("a frame uses a reserved bit");
        }
        long window = single ? 0 : WindowSize(Take(1)[0]);
        uint dictionary = (uint)ReadNumber(
            (descriptor & 3) switch
            {
                3 => 4,
                int n => n,
            }
        );
        if (dictionary != 0)
        {
            throw new InvalidDataException($"the zstd data needs the dictionary {dictionary}, which is not in it: compress it without one");
        }
        int sizeBytes = (descriptor >> 6) switch
        {
            0 => single ? 1 : 0,
            1 => 2,
            2 => 4,
            _ => 8,
        };
        ulong size = ReadNumber(sizeBytes) + (sizeBytes == 2 ? 256u : 0);
        _size = sizeBytes == 0 ? -1 : (long)Math.Min(size, long.MaxValue);
        window = single ? _size : window;
        if (window > MaxWindow)
        {
            throw new InvalidDataException(
                $"the zstd data needs a window of {window >> 20} MiB, more than the {MaxWindow >> 20} MiB that are allowed: compress it without --ultra or --long"
            );
        }
        _blockLimit = (int)Math.Min(window, BlockDecoder.MaxSize);
        _hasChecksum = (descriptor & 4) != 0;
        _produced = 0;
        _inFrame = true;
        _window.Begin(window, _blockLimit, _size >= 0 ? _size : null);
        _decoder.Forget();
        return true;
    }

    private static long WindowSize(int descriptor)
    {
        long power = 1L << (10 + (descriptor >> 3));
        return power + (power / 8 * (descriptor & 7));
    }

    /// <summary>One block, and what ends a frame after the last one.</summary>
    private bool ReadBlock()
    {
        int header = (int)ReadNumber(3);
        int size = header >> 3;
        int type = (header >> 1) & 3;
        if (size > _blockLimit)
        {
            ZstdErrors.Throw("a block is larger than its frame allows");
        }
        byte* start = _window.Next();
        switch (type)
        {
            case 0:
                Need(size);
                new ReadOnlySpan<byte>(_input.Pointer + _position, size).CopyTo(new Span<byte>(start, size));
                _position += size;
                _window.Advance(start + size);
                break;
            case 1:
                new Span<byte>(start, size).Fill(Take(1)[0]);
                _window.Advance(start + size);
                break;
            case 2:
                Need(size);
                _decoder.Decode(_input.Pointer + _position, size, _window, _blockLimit);
                _position += size;
                break;
            default:
                ZstdErrors.Throw("a block has the reserved type");
                break;
        }
        _ready = start;
        _left = (int)(_window.At - start);
        _produced += _left;
        if (_size >= 0 && _produced > _size)
        {
            ZstdErrors.Throw("a frame holds more than it says");
        }
        if ((header & 1) != 0)
        {
            EndFrame();
        }
        return true;
    }

    private void EndFrame()
    {
        if (_size >= 0 && _produced != _size)
        {
            ZstdErrors.Throw("a frame holds less than it says");
        }
        if (_hasChecksum)
        {
            _ = Take(4);
        }
        _inFrame = false;
    }

    private ulong ReadNumber(int bytes)
    {
        ulong value = 0;
        ReadOnlySpan<byte> span = Take(bytes);
        for (int i = 0; i < span.Length; i++)
        {
            value |= (ulong)span[i] << (8 * i);
        }
        return value;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        Need(count);
        _position += count;
        return new ReadOnlySpan<byte>(_input.Pointer + _position - count, count);
    }

    private void Skip(long count)
    {
        while (count > 0)
        {
            Need(1);
            int some = (int)Math.Min(count, _end - _position);
            _position += some;
            count -= some;
        }
    }

    private void Need(int count)
    {
        if (!TryNeed(count))
        {
            ZstdErrors.Throw("it is cut off");
        }
    }

    /// <summary>Reads until so many bytes lie in one piece; false if the source ends before.</summary>
    private bool TryNeed(int count)
    {
        if (_end - _position >= count)
        {
            return true;
        }
        Span<byte> all = new(_input.Pointer + Before, InputSize);
        int kept = _end - _position;
        all.Slice(_position - Before, kept).CopyTo(all);
        _position = Before;
        _end = Before + kept;
        while (_end - _position < count)
        {
            int read = _source.Read(all[(_end - Before)..]);
            if (read == 0)
            {
                return false;
            }
            _end += read;
        }
        return true;
    }
}
