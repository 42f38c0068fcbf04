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
            _position += count;
            return count;
        }
    }

    private static byte Expected(int position) => (byte)((position * 7) ^ (position >> 9));

    private static int ReadAll(ReadAhead ahead)
    {
        byte[] buffer = [];
        int total = 0;
        while (true)
        {
            buffer = ahead.Swap(buffer, out int length);
            if (length == 0)
            {
                return total;
            }
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(Expected(total + i), buffer[i]);
            }
            total += length;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(ReadAhead.BufferSize)]
    [InlineData((7 * ReadAhead.BufferSize) + 5)]
    public void Every_byte_comes_out_in_order_and_then_the_end(int length)
    {
        using ReadAhead ahead = new(new Source(length, null));
        Assert.Equal(length, ReadAll(ahead));
        _ = ahead.Swap([], out int after);
        Assert.Equal(0, after);
    }

    [Fact]
    public void A_failure_comes_out_after_the_bytes_before_it()
    {
        IOException failure = new("cut");
        using ReadAhead ahead = new(new Source(ReadAhead.BufferSize + 100, failure));
        byte[] first = ahead.Swap([], out int one);
        _ = ahead.Swap(first, out int two);
        Assert.Equal((ReadAhead.BufferSize, 100), (one, two));
        Assert.Same(failure, Assert.Throws<IOException>(() => ahead.Swap([], out _)));
    }

    [Fact]
    public void After_its_end_the_source_is_not_read_any_more()
    {
        Source source = new(int.MaxValue, null);
        ReadAhead ahead = new(source);
        ahead.Dispose();
        int position = source.Given;
        Assert.True(position <= 3 * ReadAhead.BufferSize);
        Thread.Yield();
        Assert.Equal(position, source.Given);
    }
}
