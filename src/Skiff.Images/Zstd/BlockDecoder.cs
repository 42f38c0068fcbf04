using Skiff.Linux;

namespace Skiff.Images.Zstd;

/// <summary>Decodes compressed blocks: literals, then sequences (RFC 8878 section 3.1.1.3).</summary>
internal sealed unsafe class BlockDecoder : IDisposable
{
    /// <summary>No block is larger, compressed or not.</summary>
    internal const int MaxSize = 128 << 10;

    private const int Batch = 128;
    private const int HuffmanBytes = HuffmanTable.Size * sizeof(ushort);

    private readonly LargeBuffer _memory;
    private readonly ushort* _huffman;
    private readonly Sequence* _sequences;
    private readonly byte* _literalRoom;
    private readonly SequenceTables _tables;
    private readonly SequenceReader _reader;
    private bool _hasHuffman;

    // of the current block
    private byte* _literals;
    private byte* _literalsEnd;

    internal BlockDecoder()
    {
        const int StateBytes = SequenceTables.Places * 8;
        const int SequenceBytes = Batch * 12;
        _memory = new LargeBuffer(StateBytes + HuffmanBytes + SequenceBytes + MaxSize + Window.Slack);
        byte* at = _memory.Pointer;
        _tables = new SequenceTables((FseState*)at);
        _reader = new SequenceReader(_tables);
        at += StateBytes;
        _huffman = (ushort*)at;
        at += HuffmanBytes;
        _sequences = (Sequence*)at;
        _literalRoom = at + SequenceBytes;
    }

    /// <summary>A frame begins: nothing of the one before is repeated.</summary>
    internal void Forget()
    {
        _hasHuffman = false;
        _tables.Forget();
    }

    /// <summary>Decodes a block into the window.</summary>
    /// <param name="source">The block; 32 bytes before and <see cref="Window.Slack"/> behind it must be readable.</param>
    /// <param name="length">Its length.</param>
    /// <param name="window">Receives it.</param>
    /// <param name="limit">The most that it may become.</param>
    internal void Decode(byte* source, int length, Window window, int limit)
    {
        int at = ReadLiterals(source, length, limit);
        byte* end = window.At + limit;
        int count = ReadCount(source, length, ref at);
        if (count > 0)
        {
            at += _tables.Read(source + at, length - at);
            _reader.Open(source + at, length - at);
            while (count > 0)
            {
                int some = Math.Min(count, Batch);
                count -= some;
                _reader.Read(_sequences, some, last: count == 0);
                window.Execute(_sequences, some, ref _literals, _literalsEnd, end);
            }
            _reader.Close();
        }
        else if (at != length)
        {
            ZstdErrors.Throw("a block without sequences goes on");
        }
        long rest = _literalsEnd - _literals;
        if (rest > end - window.At)
        {
            ZstdErrors.Throw("a block holds more than it may");
        }
        new ReadOnlySpan<byte>(_literals, (int)rest).CopyTo(new Span<byte>(window.At, (int)rest));
        window.Advance(window.At + rest);
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>The literals of a block: as they are, one byte many times, or Huffman coded; gives the length of the section (RFC 8878 section 3.1.1.3.1).</summary>
    private int ReadLiterals(byte* source, int length, int limit)
    {
        if (length < 1)
        {
            ZstdErrors.Throw("a block is empty");
        }
        int type = source[0] & 3;
        int format = (source[0] >> 2) & 3;
        return type < 2 ? ReadPlain(source, length, limit, type == 1, format) : ReadHuffman(source, length, limit, type == 3, format);
    }

    private int ReadPlain(byte* source, int length, int limit, bool same, int format)
    {
        int head = format switch
        {
            1 => 2,
            3 => 3,
            _ => 1,
        };
        int size = format switch
        {
            1 => *(ushort*)source >> 4,
            3 => (int)(*(uint*)source & 0xFFFFFF) >> 4,
            _ => source[0] >> 3,
        };
        int used = head + (same ? 1 : size);
        if (used > length || size > limit)
        {
            ZstdErrors.Throw("the literals are longer than their block");
        }
        if (same)
        {
            new Span<byte>(_literalRoom, size).Fill(source[head]);
        }
        _literals = same ? _literalRoom : source + head;
        _literalsEnd = _literals + size;
        return used;
    }

    private int ReadHuffman(byte* source, int length, int limit, bool repeated, int format)
    {
        int head = format < 2 ? 3 : format + 2;
        int bits = head switch
        {
            3 => 10,
            4 => 14,
            _ => 18,
        };
        ulong sizes = *(ulong*)source >> 4;
        int size = (int)sizes & ((1 << bits) - 1);
        int packed = (int)(sizes >> bits) & ((1 << bits) - 1);
        if (head + packed > length || size > limit)
        {
            ZstdErrors.Throw("the literals are longer than their block");
        }
        int at = head;
        int end = head + packed;
        if (!repeated)
        {
            _hasHuffman = true;
            at += HuffmanTable.Read(_huffman, source + at, end - at);
        }
        else if (!_hasHuffman)
        {
            ZstdErrors.Throw("a block repeats a code that its frame has not had");
        }
        if (format == 0)
        {
            HuffmanStreams.DecodeOne(_huffman, source + at, end - at, _literalRoom, size);
        }
        else
        {
            HuffmanStreams.DecodeFour(_huffman, source + at, end - at, _literalRoom, size);
        }
        _literals = _literalRoom;
        _literalsEnd = _literalRoom + size;
        return end;
    }

    private static int ReadCount(byte* source, int length, ref int at)
    {
        int first = at < length ? source[at] : -1;
        int size = first switch
        {
            < 128 => 1,
            < 255 => 2,
            _ => 3,
        };
        if (first < 0 || at + size > length)
        {
            ZstdErrors.Throw("the sequences of a block are missing");
        }
        int count = size switch
        {
            1 => first,
            2 => ((first - 128) << 8) + source[at + 1],
            _ => source[at + 1] + (source[at + 2] << 8) + 0x7F00,
        };
        at += size;
        return count;
    }
}
