using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Rootless;

/// <summary>
/// The network of an ordinary user's container: pasta(1), a process that carries its connections as sockets of the user. The host has no bridge, address or rule for it.
/// It watches a file that stands for the network namespace and ends when that is removed, which is how it is told to.
/// </summary>
internal static class PastaNetwork
{
    /// <summary>The program.</summary>
    internal const string Program = "pasta";

    /// <summary>Where the container asks for names: pasta hands the questions on to the host's first server, which may be one that only the host can reach.</summary>
    internal const string NameServer = "169.254.1.1";

    /// <summary>Whether a container has this network.</summary>
    internal static bool Serves(RunOptions options) => !options.Networks.IsEmpty && options.Networks[0].Kind == NetworkKind.Pasta;

    /// <summary>Whether it can be had on this host.</summary>
    internal static bool IsInstalled => HelperProgram.Find(Program) is not null;

    /// <summary>The ports of the host that are published, none of which is in use.</summary>
    /// <exception cref="SkiffException">One is, or an ordinary user may not have it.</exception>
    internal static IReadOnlyList<PublishedPort> Ports(EnginePaths paths, IReadOnlyList<PortMapping> asked)
    {
        foreach (PortMapping mapping in asked)
        {
            if (mapping.Protocol is not ("tcp" or "udp"))
            {
                throw new SkiffException(
                    $"cannot publish port {mapping.ContainerPort}/{mapping.Protocol}: an ordinary user's containers publish tcp and udp",
                    125
                );
            }
        }
        // Others' ports are held by their pasta, which the kernel tells of.
        return new HostPorts(new PortClaims(new NetworkPaths(paths.Runroot, Program)), static _ => false, ipv6: true).Resolve(asked);
    }

    /// <summary>Connects a network namespace.</summary>
    /// <param name="paths">The engine's directories.</param>
    /// <param name="id">The container.</param>
    /// <param name="pid">A process in its network namespace.</param>
    /// <param name="ports">The published ports.</param>
    /// <exception cref="SkiffException">pasta refuses, and has said why on standard error.</exception>
    internal static void Start(EnginePaths paths, string id, int pid, IReadOnlyList<PublishedPort> ports)
    {
        string place = Place(paths, id);
        _ = Files.TryMakeDirectory(Path.GetDirectoryName(place)!, 0x1C0);
        Files.Open(place, OpenFlags.O_WRONLY | OpenFlags.O_CREAT, 0x180).Dispose();
        // It has no rights to look into the container's process, so it finds the namespace here. Only this command's mount namespace, and pasta's copy, ever have the mount.
        MountTree.Mount($"/proc/{pid}/ns/net", place, "none", MountApi.MS_BIND, "");
        (int ExitCode, byte[] Output)? result;
        try
        {
            result = HelperProgram.TryRun(Program, Arguments(place, ports), []);
        }
        finally
        {
            MountTree.Detach(place);
        }
        if (result is not { ExitCode: 0 })
        {
            Stop(paths, id);
            throw new SkiffException(
                result is null
                    ? "the container's network needs pasta, which is not installed any more: install the package passt"
                    : $"pasta could not connect the container with the network (exit code {result.Value.ExitCode}): what it says is above; --network none and host work without it",
                125
            );
        }
    }

    /// <summary>Ends what serves a container, if anything does.</summary>
    internal static void Stop(EnginePaths paths, string id) => _ = Files.TryRemove(Place(paths, id));

    /// <summary>The same in words, for explain.</summary>
    internal static IReadOnlyList<HostAction> Describe(EnginePaths paths, string id, IReadOnlyList<PublishedPort> ports) =>
        [
            new LauncherCall($"mount(\"/proc/PID/ns/net\", \"{Place(paths, id)}\", \"none\", MS_BIND, NULL)", "mount(2)"),
            new LauncherCall($"execve(\"{Program}\", [\"{string.Join("\", \"", Arguments(Place(paths, id), ports))}\"], …)", "pasta(1)"),
            new LauncherCall($"umount2(\"{Place(paths, id)}\", MNT_DETACH)", "umount(2)"),
        ];

    private static string Place(EnginePaths paths, string id) => $"{paths.Runroot}/netns/{id}";

    private static List<string> Arguments(string place, IReadOnlyList<PublishedPort> ports)
    {
        List<string> arguments =
        [
            "--config-net",
            "--no-map-gw",
            "--dns-forward",
            NameServer,
            "--quiet",
            "--netns-only",
            "--netns",
            place,
            "-T",
            "none",
            "-U",
            "none",
        ];
        foreach (string protocol in (ReadOnlySpan<string>)["tcp", "udp"])
        {
            bool any = false;
            foreach (PublishedPort port in ports)
            {
                // An address that was not given stands for all of both kinds, which is one socket.
                bool everywhere =
                    port.HostIp is "0.0.0.0" or "::" && ports.Contains(port with { HostIp = port.HostIp == "::" ? "0.0.0.0" : "::" });
                if (port.Protocol == protocol && !(everywhere && port.HostIp == "::"))
                {
                    any = true;
                    string address = everywhere ? "" : port.HostIp + "/";
                    arguments.Add(protocol == "tcp" ? "-t" : "-u");
                    arguments.Add(string.Create(CultureInfo.InvariantCulture, $"{address}{port.HostPort}:{port.ContainerPort}"));
                }
            }
            if (!any)
            {
                arguments.AddRange([protocol == "tcp" ? "-t" : "-u", "none"]);
            }
        }
        return arguments;
    }
}
