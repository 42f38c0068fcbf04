using System.Runtime.InteropServices;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Network;
using Skiff.Linux;
using Skiff.Linux.Spawning;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>
/// A monitor sleeps until it is needed: the process executes a scrap of machine code that waits for output of the container, for its end and for signals, and only then executes the monitor. Until then a container
/// costs a few pages of memory instead of a runtime, and starting it no time of a processor for that. It is the same process all the while, with its number, its child and its descriptors.
/// </summary>
public sealed class MonitorSleep : IDisposable
{
    private readonly SafeFd _signals;
    private readonly SafeFd _program;
    private readonly SafeFd _image;
    private readonly int _process;
    private nint _permission;

    /// <param name="output">The container's standard output.</param>
    /// <param name="error">Its standard error.</param>
    /// <param name="process">A descriptor that the process does not need any more: there its child will be, as a pidfd.</param>
    internal MonitorSleep(int output, int error, int process)
    {
        const int SFD_CLOEXEC = 0x80000;
        const int PR_SET_NAME = 15;
        const int F_SETFD = 2;
        const int FD_CLOEXEC = 1;
        _process = process;
        _program = Files.Open("/proc/self/exe", OpenFlags.O_PATH); // which may be replaced while it sleeps
        nint signals;
        unsafe
        {
            ulong mask = MonitorSignals.Mask;
            signals = RawCall.Invoke(SyscallNumber.signalfd4, -1, (nint)(&mask), sizeof(ulong), SFD_CLOEXEC);
        }
        _signals = signals < 0 ? throw new LinuxException("signalfd", "", (int)-signals) : new SafeFd((int)signals);
        CallList calls = new();
        ReadOnlySpan<PollFd> awaited =
        [
            new(_signals.Value, Poll.POLLIN),
            new(process, Poll.POLLIN),
            new(output, Poll.POLLIN),
            new(error, Poll.POLLIN),
        ];
        calls.Add("", SyscallNumber.prctl, PR_SET_NAME, calls.Memory("skiff-monitor\0"u8));
        calls.Add("", SyscallNumber.ppoll, calls.Memory(MemoryMarshal.AsBytes(awaited)), awaited.Length, 0, 0, 8);
        calls.Add("", SyscallNumber.close, _signals.Value);
        calls.Add("", SyscallNumber.close, process);
        calls.Add("", SyscallNumber.fcntl, _program.Value, F_SETFD, FD_CLOEXEC);
        _image = calls.Open($"/proc/self/fd/{_program.Value}", "skiff: the monitor cannot be executed\n");
    }

    /// <summary>What the process needs of this object; close-on-exec.</summary>
    internal int[] Descriptors => [_signals.Value, _program.Value, _image.Value];

    /// <summary>Whether a container's monitor has nothing to do from the first moment on: no terminal to hold, no command that is attached, no names to answer, nothing that is due at a time, no limit whose
    /// excess is an event.</summary>
    internal static bool Suits(PreparedContainer container, SafeFd? client, NetworkHandover? lease) =>
        client is null
        && lease?.Names is null
        && container.Record is { Tty: false, HealthCheck: null }
        && container.Options is { Timeout: 0, Memory: null }
        && !PeerLookup.SharesPids(container.Options); // its file would be in reach of the peer

    /// <summary>Has a running monitor that sleeps come to life, for a caller who needs it now or soon; others are not disturbed.</summary>
    public static void End(SkiffEngine engine, ContainerState state)
    {
        using Pidfd? monitor = engine.Reconciler.Liveness.IsAlive(state.Monitor) ? Pidfd.TryOpen(state.Monitor.Pid) : null;
        _ = monitor?.Signal(Signals.SIGUSR1);
    }

    /// <summary>What the process does when it is released: it sleeps if that is permitted then, and else goes on.</summary>
    /// <param name="program">Its program.</param>
    /// <param name="child">The number of its child.</param>
    /// <param name="arguments">The monitor's arguments.</param>
    /// <param name="environment">Its environment.</param>
    internal void Write(ChildProgram program, Result child, nint arguments, nint environment)
    {
        const int F_SETFD = 2;
        const int AT_EMPTY_PATH = 0x1000;
        _permission = program.Memory(sizeof(long));
        Marshal.WriteInt64(_permission, -1);
        program.Call(SyscallNumber.fcntl, new Operand(_permission, IsResult: true), F_SETFD, 0);
        program.TolerateAll(skip: 4);
        program.Call(SyscallNumber.fcntl, _signals.Value, F_SETFD, 0);
        Result process = program.Call(SyscallNumber.pidfd_open, child, 0);
        program.Call(SyscallNumber.dup3, process, _process, 0);
        program.Call(SyscallNumber.execveat, _image.Value, program.Text(""), arguments, environment, AT_EMPTY_PATH);
        program.TolerateAll();
    }

    /// <summary>It may sleep.</summary>
    internal void Permit() => Marshal.WriteInt64(_permission, _program.Value);

    /// <inheritdoc/>
    public void Dispose()
    {
        _signals.Dispose();
        _program.Dispose();
        _image.Dispose();
    }
}
