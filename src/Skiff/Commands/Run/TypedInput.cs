using Skiff.Commands.Containers;
using Skiff.Linux;

namespace Skiff.Commands.Run;

/// <summary>What is typed for a terminal that this command serves itself. What its program does not take at once waits here and nothing more is read: whoever waited for the program would not read its output, for which it may wait in turn.</summary>
internal sealed class TypedInput
{
    private readonly SafeFd _master;
    private readonly DetachKeys? _keys;
    private byte[] _waiting = [];
    private bool _ended;

    /// <summary>The master becomes non-blocking.</summary>
    internal TypedInput(SafeFd master, DetachKeys? keys)
    {
        Files.SetNonBlocking(master);
        _master = master;
        _keys = keys;
    }

    /// <summary>Standard input is to be read.</summary>
    internal bool Reads => !_ended && !Waits;

    /// <summary>Something waits for room on the terminal.</summary>
    internal bool Waits => _waiting.Length > 0;

    /// <summary>Standard input has something; true when it was the keys that leave.</summary>
    internal bool Read(byte[] buffer)
    {
        int n = Files.TryRead(0, buffer, out int errno);
        if (n <= 0)
        {
            _ended = n == 0 || errno != Errno.EAGAIN;
            return false;
        }
        if (_keys is null)
        {
            Put(buffer.AsSpan(0, n));
            return false;
        }
        byte[] passed = new byte[n + 64];
        bool left = _keys.Filter(buffer.AsSpan(0, n), passed, out int length);
        Put(passed.AsSpan(0, length));
        return left;
    }

    /// <summary>The terminal has room.</summary>
    internal void Pass() => Put(_waiting);

    private void Put(ReadOnlySpan<byte> bytes)
    {
        int errno = 0;
        int n = bytes.IsEmpty ? 0 : Files.TryWrite(_master.Value, bytes, out errno);
        n = n < 0 && errno == Errno.EAGAIN ? 0 : n;
        _ended |= n < 0; // nobody has the other side open any more
        _waiting = n < 0 || n == bytes.Length ? [] : bytes[n..].ToArray();
    }
}
