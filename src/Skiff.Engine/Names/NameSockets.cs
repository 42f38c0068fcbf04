using System.Net;
using System.Runtime.InteropServices;
using Skiff.Engine.Launch;
using Skiff.Engine.Network;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Names;

/// <summary>The sockets at which a container's questions arrive. They are in its network namespace, on ports that the kernel chose, so that port 53 is free for programs of the container; one rule there leads questions for 127.0.0.11:53 to them.</summary>
public sealed class NameSockets : IDisposable
{
    private const string Table = "skiff_names";
    private const int Port = 53;
    private static readonly IPAddress s_server = IPAddress.Parse(NetworkFiles.OwnServer);

    private NameSockets(SafeFd udp, SafeFd tcp)
    {
        Udp = udp;
        Tcp = tcp;
    }

    /// <summary>Takes over sockets that another process has made.</summary>
    internal static NameSockets Adopt(SafeFd udp, SafeFd tcp) => new(udp, tcp);

    /// <summary>Questions in a datagram.</summary>
    internal SafeFd Udp { get; }

    /// <summary>Listens for connections.</summary>
    internal SafeFd Tcp { get; }

    /// <summary>Makes them in the network namespace of a process.</summary>
    /// <param name="pid">A process there.</param>
    /// <param name="again">Others may have been there before, whose process was killed.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    internal static NameSockets Open(int pid, bool again)
    {
        NameSockets? made = null;
        In(
            pid,
            () =>
            {
                // The container does it too, later; while the link is down a socket on it takes another address for what it sends.
                ContainerLink.LoopbackUp.Run();
                SafeFd udp = InternetSocket.Serve(s_server, udp: true, out int udpPort);
                SafeFd tcp = InternetSocket.Serve(s_server, udp: false, out int tcpPort);
                made = new NameSockets(udp, tcp);
                using NetlinkSocket firewall = NetlinkSocket.Open(NetlinkSocket.NETLINK_NETFILTER);
                if (again)
                {
                    new NftBatch(Table).DeleteTable().Build(Errno.ENOENT, socket: firewall).Run();
                }
                Redirection(udpPort, tcpPort, firewall).Run();
            }
        );
        return made!;
    }

    /// <summary>The same in words, for a plan that is only shown.</summary>
    internal static IReadOnlyList<HostAction> Example =>
        [
            new Plan.LauncherCall("openat(AT_FDCWD, \"/proc/<pid>/ns/net\", O_RDONLY|O_CLOEXEC)", "namespaces(7)"),
            new Plan.LauncherCall("setns(<namespace>, CLONE_NEWNET), in a thread of its own", "setns(2)"),
            ContainerLink.LoopbackUp,
            new Plan.LauncherCall($"bind(socket(AF_INET, SOCK_DGRAM), {s_server}, a free port)", "udp(7)"),
            new Plan.LauncherCall($"bind(socket(AF_INET, SOCK_STREAM), {s_server}, a free port)", "tcp(7)"),
            Redirection(0, 0, null),
        ];

    /// <summary>Runs something on a thread that is in the network namespace of a process.</summary>
    internal static void In(int pid, Action work)
    {
        using SafeFd space = Files.Open($"/proc/{pid}/ns/net", OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        In(space, work);
    }

    /// <summary>The same for a namespace that is open.</summary>
    internal static void In(SafeFd space, Action work) =>
        OwnThread.Run(() =>
        {
            if (RawCall.Invoke(SyscallNumber.setns, space.Value, (nint)CloneFlags.CLONE_NEWNET) != 0)
            {
                throw new LinuxException("setns", "network namespace", Marshal.GetLastPInvokeError());
            }
            work();
        });

    /// <inheritdoc/>
    public void Dispose()
    {
        Udp.Dispose();
        Tcp.Dispose();
    }

    private static NftTransaction Redirection(int udp, int tcp, NetlinkSocket? firewall)
    {
        const int NF_IP_PRI_NAT_DST = -100;
        const byte TcpProtocol = 6,
            UdpProtocol = 17;
        PortMap map = new(V6: false, WithAddress: true);
        return new NftBatch(Table)
            .AddTable()
            .AddMap(map)
            .AddChain("output", "nat", NftHook.Output, NF_IP_PRI_NAT_DST)
            .AddRule("output", new NftRule().Translate(map))
            .AddElement(new PortRule(UdpProtocol, s_server, Port, s_server, udp), "names of the container's networks")
            .AddElement(new PortRule(TcpProtocol, s_server, Port, s_server, tcp), "names of the container's networks")
            .Build(socket: firewall);
    }
}
