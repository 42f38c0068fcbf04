using Skiff.Images.Layers;
using Xunit;

namespace Skiff.Tests.Layers;

/// <summary>The thread that reads a layer ahead.</summary>
public sealed class ReadAheadTests
{
    /// <summary>Gives pieces of odd sizes, then ends or fails.</summary>
    private sealed class Source(int length, Exception? failure) : ReadOnlyStream
    {
        private int _position;

        public int Given => Volatile.Read(ref _position);

        public override int Read(Span<byte> buffer)
        {
            if (_position == length && failure is not null)
            {
                throw failure;
            }
            int count = Math.Min(Math.Min(buffer.Length, 10_007), length - _position);
            for (int i = 0; i < count; i++)
            {
                buffer[i] = Expected(_position + i);
            }
            Volatile.Write(ref _position, _position + count);
            return count;
        }
    }

    private static byte Expected(int position) => (byte)((position * 7) ^ (position >> 9));

    /// <summary>Takes the next piece and compares it; gives its length.</summary>
    private static unsafe int Take(ReadAhead ahead, int from)
    {
        byte* piece = ahead.Next(out int length);
        for (int i = 0; i < length; i++)
        {
            Assert.Equal(Expected(from + i), piece[i]);
        }
        return length;
    }

    private static int ReadAll(ReadAhead ahead, int from = 0)
    {
        while (Take(ahead, from) is > 0 and int length)
        {
            from += length;
        }
        return from;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(ReadAhead.Portion)]
    [InlineData((7 * ReadAhead.MostAhead) + 5)]
    public void Every_byte_comes_out_in_order_and_then_the_end(int length)
    {
        int seen = 0;
        using StreamPieces pieces = new(new Source(length, null));
        using ReadAhead ahead = new(pieces, bytes => seen += bytes.Length);
        Assert.Equal(length, ReadAll(ahead));
        Assert.Equal(length, ReadAll(ahead, length));
        Assert.Equal(length, seen);
    }

    [Fact]
    public void A_failure_comes_out_after_the_bytes_before_it()
    {
        IOException failure = new("cut");
        int total = 0;
        using StreamPieces pieces = new(new Source(ReadAhead.MostAhead + 100, failure));
        using ReadAhead ahead = new(pieces, static _ => { });
        void ReadToTheFailure()
        {
            while (true)
            {
                total += Take(ahead, total);
            }
        }
        Assert.Same(failure, Assert.Throws<IOException>(ReadToTheFailure));
        Assert.Equal(ReadAhead.MostAhead + 100, total);
    }

    [Fact]
    public void What_is_thrown_by_who_is_shown_the_bytes_comes_out_too()
    {
        using StreamPieces pieces = new(new Source(int.MaxValue, null));
        using ReadAhead ahead = new(pieces, static _ => throw new OperationCanceledException());
        _ = Assert.Throws<OperationCanceledException>(() => Take(ahead, 0));
    }

    /// <summary>A reader that is slow, or that is waited for, finds its bytes as they were although the source has gone on as far as it may.</summary>
    [Fact]
    public unsafe void What_the_reader_holds_stays_as_it_is_while_the_source_goes_on()
    {
        Source source = new(6 << 20, null);
        using StreamPieces pieces = new(source);
        using ReadAhead ahead = new(pieces, static _ => { });
        int total = 0;
        while (total < 6 << 20)
        {
            byte* piece = ahead.Next(out int length);
            int least = Math.Min(6 << 20, total + ReadAhead.MostAhead - (2 * ReadAhead.Portion)); // it goes on to the full before it waits for room
            SpinWait.SpinUntil(() => source.Given >= least);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(Expected(total + i), piece[i]);
            }
            total += length;
        }
    }

    [Fact]
    public void After_its_end_the_source_is_not_read_any_more()
    {
        Source source = new(int.MaxValue, null);
        using StreamPieces pieces = new(source);
        ReadAhead ahead = new(pieces, static _ => { });
        ahead.Dispose();
        int position = source.Given;
        Assert.True(position <= ReadAhead.MostAhead);
        Thread.Yield();
        Assert.Equal(position, source.Given);
    }
}
