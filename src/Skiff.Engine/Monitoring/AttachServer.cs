using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Engine.Monitoring;

/// <summary>The monitor's side of all attached commands: takes new ones, passes output to each, and input and window sizes from each to the container.</summary>
/// <remarks>
/// The container's output is read only while every command has taken what came before, so that one that is merely slow loses nothing, as with a pipe.
/// A command that takes nothing for <see cref="Patience"/> is left behind: the container goes on, the command is told how much it missed, and the log has it all.
/// </remarks>
internal sealed class AttachServer : MonitorSource, IDisposable
{
    /// <summary>How long the container waits for a command that does not read, in milliseconds.</summary>
    internal const int Patience = 10_000;

    private readonly EnginePaths _paths;
    private readonly string _id;
    private readonly List<AttachClient> _clients = [];
    private readonly List<OutputSource> _outputs = [];
    private SafeFd? _listener;
    private int _waiting;

    internal AttachServer(EnginePaths paths, string id)
    {
        _paths = paths;
        _id = id;
    }

    /// <summary>The container's input; null when it has none.</summary>
    internal ContainerInput? Input { get; private set; }

    /// <summary>The size of the terminal that was told last.</summary>
    internal WindowSize? Size { get; private set; }

    private SafeFd? Console { get; set; }

    /// <summary>Takes a command that is connected already: the one that starts the container. Its first frame must have been sent.</summary>
    internal void Adopt(SafeFd client) => Take(client).ReadFirst();

    /// <summary>Begins to serve a container that runs.</summary>
    /// <param name="loop">The loop of this life.</param>
    /// <param name="console">The terminal's master; null without one.</param>
    /// <param name="input">The container's input; null when it has none.</param>
    /// <param name="outputs">What to hold back while commands are slow.</param>
    internal void Serve(MonitorLoop loop, SafeFd? console, ContainerInput? input, params ReadOnlySpan<OutputSource> outputs)
    {
        Console = console;
        Input = input;
        _outputs.AddRange(outputs);
        Listen();
        loop.Add(this);
        foreach (AttachClient client in _clients)
        {
            loop.Add(client);
        }
    }

    /// <summary>Passes a frame of output to every command.</summary>
    /// <param name="frame">Its first byte is free for the kind.</param>
    /// <param name="isError">Standard error.</param>
    internal void Send(Span<byte> frame, bool isError)
    {
        frame[0] = isError ? AttachFrame.Error : AttachFrame.Output;
        for (int i = _clients.Count - 1; i >= 0; i--)
        {
            _clients[i].Offer(frame, isError);
        }
    }

    internal override void OnReady(short events)
    {
        while (_listener is not null && PacketSocket.TryAccept(_listener) is { } socket)
        {
            Loop!.Add(Take(socket));
        }
    }

    /// <summary>Tells every command that the container has ended, and waits for those that still have something to read.</summary>
    /// <param name="code">Its exit code.</param>
    /// <param name="sentence">Why it ended; may be empty.</param>
    /// <param name="patience">How long for one that reads nothing, in milliseconds.</param>
    internal void Finish(int code, string sentence, int patience)
    {
        Close();
        byte[] quit = AttachFrame.MakeQuit(code, sentence);
        foreach (AttachClient client in _clients)
        {
            client.Finish(quit, patience);
        }
    }

    /// <summary>One command more, or less, has not taken its output: the container's output is held back while there is one.</summary>
    internal void Wait(int change)
    {
        _waiting += change;
        foreach (OutputSource output in _outputs)
        {
            output.Hold(_waiting > 0);
        }
    }

    /// <summary>The container's input is full, or has room again.</summary>
    internal void InputChanged()
    {
        foreach (AttachClient client in _clients)
        {
            client.Refresh();
        }
    }

    internal void Forget(AttachClient client)
    {
        _clients.Remove(client);
        Loop?.Remove(client);
    }

    internal void Resize(WindowSize size, bool redraw)
    {
        Size = size;
        if (Console is null)
        {
            return;
        }
        if (redraw)
        {
            // The kernel sends SIGWINCH only for a change.
            Tty.SetSize(Console.Value, new WindowSize((ushort)(size.Rows + 1), (ushort)(size.Columns + 1)));
        }
        Tty.SetSize(Console.Value, size);
    }

    private void Listen()
    {
        try
        {
            _listener = PacketSocket.Listen(AttachSocket.MakeDirectory(_paths), _id);
            Fd = _listener.Value;
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            // A container that nobody can attach to (a full /run) is better than one that nobody watches.
        }
    }

    private AttachClient Take(SafeFd socket)
    {
        AttachClient client = new(this, socket);
        _clients.Add(client);
        return client;
    }

    private void Close()
    {
        if (_listener is not null)
        {
            AttachSocket.Remove(_paths, _id);
            _listener.Dispose();
            _listener = null;
            Fd = -1;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        foreach (AttachClient client in _clients)
        {
            client.Dispose();
        }
        _clients.Clear();
    }
}
