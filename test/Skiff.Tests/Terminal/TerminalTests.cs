using System.Runtime.InteropServices;
using Skiff.Linux;
using Skiff.Linux.Terminal;
using Xunit;

namespace Skiff.Tests.Terminal;

public sealed class TerminalTests
{
    [Fact]
    public void A_pseudo_terminal_carries_bytes_its_size_and_raw_mode()
    {
        using SafeFd devpts = Files.Open("/dev/pts", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        using PseudoTerminal pty = PseudoTerminal.Open(devpts.Value);
        using SafeFd peer = pty.OpenPeer();
        Assert.True(Tty.IsTerminal(peer.Value));
        Tty.SetSize(pty.Master.Value, new WindowSize(31, 97));
        Assert.Equal(new WindowSize(31, 97), Tty.GetSize(peer.Value));

        // Cooked: the newline that the peer writes becomes CR LF; raw: it stays. Afterwards it is cooked again.
        Assert.Equal("a\r\n", Through(peer, pty.Master));
        using (RawMode.TryEnter(peer.Value))
        {
            Assert.Equal("a\n", Through(peer, pty.Master));
        }
        Assert.Equal("a\r\n", Through(peer, pty.Master));
    }

    [Fact]
    public void What_is_no_terminal_is_said_to_be_none()
    {
        using SafeFd file = Files.Open("/dev/null", OpenFlags.O_RDWR);
        Assert.False(Tty.IsTerminal(file.Value));
        Assert.Null(Tty.GetSize(file.Value));
        Assert.Null(RawMode.TryEnter(file.Value));
    }

    [Fact]
    public void Signals_arrive_in_the_pipe_in_order_of_their_sending()
    {
        using SignalPipe pipe = SignalPipe.Open(Signals.SIGWINCH, Signals.SIGUSR2);
        Assert.False(pipe.TryRead(out _));
        for (int i = 0; i < 50; i++)
        {
            foreach (int signal in new[] { Signals.SIGWINCH, Signals.SIGUSR2 })
            {
                Assert.Equal(0, Libc.kill(Environment.ProcessId, signal));
                Assert.Equal(Poll.POLLIN, Poll.Wait(pipe.Fd.Value, Poll.POLLIN, 5000));
                Assert.True(pipe.TryRead(out int got));
                Assert.Equal(signal, got);
            }
        }
    }

    [Fact]
    public void A_thread_that_waits_for_signals_is_woken_by_none()
    {
        using SignalPipe pipe = SignalPipe.Open(Signals.SIGUSR2);
        pipe.Wake();
        Assert.Equal(Poll.POLLIN, Poll.Wait(pipe.Fd.Value, Poll.POLLIN, -1));
        Assert.True(pipe.TryRead(out int got));
        Assert.Equal(0, got);
        Assert.False(pipe.TryRead(out _));
    }

    [Fact]
    public void The_handler_is_as_written_down_on_both_architectures()
    {
        Assert.Equal("F30F1EFA57B801000000BF070000004889E6BA010000000F055FC3", Convert.ToHexString(SignalPipe.Code(7, Architecture.X64)));
        Assert.Equal(
            "E00F1FF8E0008052E1030091220080D2080880D2010000D4E00741F8C0035FD6",
            Convert.ToHexString(SignalPipe.Code(7, Architecture.Arm64))
        );
    }

    private static string Through(SafeFd from, SafeFd to)
    {
        Files.WriteAll(from, "a\n"u8, "pty");
        Span<byte> buffer = stackalloc byte[64];
        int length = 0;
        do
        {
            // The line discipline hands over what it has: the end of a line may come with the next read.
            length += Files.Read(to, buffer[length..], "pty");
        } while (buffer[length - 1] != '\n');
        return System.Text.Encoding.ASCII.GetString(buffer[..length]);
    }
}
