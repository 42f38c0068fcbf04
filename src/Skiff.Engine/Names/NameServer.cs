using System.Net;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Names;

/// <summary>Answers a container's questions for names: those of its networks by itself, others by the servers that know them. It works in the loop of whoever watches the container, and blocks nowhere.</summary>
/// <remarks>What a container can make it keep is bounded: <see cref="MostQuestions"/> questions on their way, <see cref="MostConnections"/> connections. What is more is refused at once.</remarks>
internal sealed class NameServer : IDisposable
{
    /// <summary>Questions that other servers have not answered yet.</summary>
    internal const int MostQuestions = 128;

    /// <summary>Connections of the container.</summary>
    internal const int MostConnections = 32;

    private readonly NameSockets _sockets;
    private readonly NameLookup _lookup;
    private readonly SafeFd? _space;
    private int _questions;
    private int _connections;

    /// <summary>Serves; call <see cref="AddTo"/> next.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="container">The container's id.</param>
    /// <param name="options">What it was asked for.</param>
    /// <param name="sockets">Where questions arrive; taken over.</param>
    /// <param name="pid">A process of the container.</param>
    internal NameServer(SkiffEngine engine, string container, RunOptions options, NameSockets sockets, int pid)
    {
        _sockets = sockets;
        _lookup = new NameLookup(engine.Paths.Runroot, container, Links(engine, options));
        Servers = new UpstreamServers([.. options.Dns.AsSpan()]);
        _space = Servers.AreTheContainers ? Files.TryOpen($"/proc/{pid}/ns/net", OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC, out _) : null;
    }

    /// <summary>Serves a foreground container from a thread of the command that waits for it; it ends with the process.</summary>
    public static void ServeAside(SkiffEngine engine, string container, RunOptions options, NameSockets sockets, int pid)
    {
        NameServer server = new(engine, container, options, sockets, pid);
        MonitorLoop loop = new();
        server.AddTo(loop);
        const int Stack = 256 << 10;
        new Thread(loop.Run, Stack) { IsBackground = true }.Start();
    }

    /// <summary>Who is asked for other names.</summary>
    internal UpstreamServers Servers { get; }

    /// <summary>Begins to serve in a loop.</summary>
    internal void AddTo(MonitorLoop loop)
    {
        loop.Add(new DatagramSource(this, _sockets.Udp));
        loop.Add(new ListenSource(this, _sockets.Tcp));
    }

    /// <summary>Answers a question from what is known here.</summary>
    /// <param name="message">The question.</param>
    /// <param name="to">Where the answer goes; its length is the limit.</param>
    /// <param name="question">What was asked.</param>
    /// <returns>The answer's length; 0 where nothing is to be answered; null where another server must be asked.</returns>
    internal int? TryAnswer(ReadOnlySpan<byte> message, Span<byte> to, out DnsQuestion question)
    {
        int? refusal = DnsQuestion.TryRead(message, out question);
        if (refusal is null)
        {
            return 0;
        }
        if (refusal > 0)
        {
            return DnsAnswer.Refusal(to, message, question, refusal.Value);
        }
        try
        {
            IReadOnlyList<NetworkDefinition> networks = _lookup.Networks();
            if (question is { Class: DnsQuestion.ClassInternet, Name: { } name })
            {
                if (_lookup.Addresses(networks, name) is { } addresses)
                {
                    return DnsAnswer.Addresses(to, message, question, addresses);
                }
                if (NameLookup.Reversed(name) is { } address && _lookup.NameOf(networks, address) is { } found)
                {
                    return found.Length == 0 ? DnsAnswer.Refusal(to, message, question, DnsAnswer.NoSuchName)
                        : question.Type is DnsQuestion.TypePtr or DnsQuestion.TypeAny ? DnsAnswer.Pointer(to, message, question, found)
                        : DnsAnswer.Refusal(to, message, question, DnsAnswer.NoError);
                }
            }
            foreach (NetworkDefinition network in networks)
            {
                if (!network.Internal)
                {
                    return null;
                }
            }
        }
        catch (LinuxException)
        {
            // No memory or no descriptors: the asker comes again.
        }
        return DnsAnswer.Refusal(to, message, question, DnsAnswer.ServerFailure);
    }

    /// <summary>Begins to ask other servers; null where there are too many questions already.</summary>
    internal bool TryBegin() => _questions < MostQuestions && _questions++ >= 0;

    /// <summary>A question was answered or given up.</summary>
    internal void Ended() => _questions--;

    /// <summary>A connection of the container may be taken.</summary>
    internal bool TryConnect() => _connections < MostConnections && _connections++ >= 0;

    /// <summary>A connection has ended.</summary>
    internal void Disconnected() => _connections--;

    /// <summary>A socket to a server, connected or on its way; null where that fails at once.</summary>
    internal SafeFd? TryReach(IPEndPoint server, bool udp)
    {
        const int EINPROGRESS = 115;
        SafeFd? fd = null;
        try
        {
            bool v6 = server.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
            if (_space is null)
            {
                fd = InternetSocket.TryOpen(v6, udp);
            }
            else
            {
                NameSockets.In(_space, () => fd = InternetSocket.TryOpen(v6, udp));
            }
        }
        catch (Exception e) when (e is LinuxException or OutOfMemoryException or ThreadStartException)
        {
            return null;
        }
        if (fd is not null && InternetSocket.Connect(fd, server) is not (0 or EINPROGRESS))
        {
            fd.Dispose();
            return null;
        }
        return fd;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sockets.Dispose();
        _space?.Dispose();
    }

    /// <summary>What the container calls others: <c>--link container:alias</c>.</summary>
    private static Dictionary<string, string> Links(SkiffEngine engine, RunOptions options)
    {
        Dictionary<string, string> links = new(StringComparer.Ordinal);
        foreach (string link in options.Links)
        {
            int colon = link.IndexOf(':', StringComparison.Ordinal);
            string target = colon < 0 ? link : link[..colon];
            string name = (engine.Containers.TryFind(target, 125)?.Name ?? target).ToLowerInvariant();
            links[(colon < 0 ? target : link[(colon + 1)..]).ToLowerInvariant()] = name;
        }
        return links;
    }
}
