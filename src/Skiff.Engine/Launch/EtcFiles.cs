using System.Text;
using Skiff.Engine.Network;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>The files of /etc that are made for each container; /etc/hosts needs its address and follows at launch.</summary>
internal static class EtcFiles
{
    internal static void WriteEarly(SkiffEngine engine, string id, RunOptions options, string hostname)
    {
        string directory = engine.Paths.Etc(id);
        MakeDirectory(directory);
        Write(directory + "/hostname", NetworkFiles.Hostname(hostname));
        if (SharedResolvConf(engine, options) is { } shared)
        {
            Write(directory + "/resolv.conf", shared);
            return;
        }
        WriteResolvConf(directory, options);
    }

    /// <summary>In another container's network its servers are asked: 127.0.0.11 answers there.</summary>
    private static string? SharedResolvConf(SkiffEngine engine, RunOptions options) =>
        options.Networks is [{ Kind: NetworkKind.Container, Target: var peer }]
        && options.Dns.IsEmpty
        && options.DnsOptions.IsEmpty
        && options.DnsSearch.IsEmpty
        && engine.Containers.TryFind(peer, 125) is { } record
            ? Files.TryReadText(engine.Paths.Etc(record.Id) + "/resolv.conf", out _)
            : null;

    /// <summary>Writes resolv.conf, in place where it is there: a container that runs sees it.</summary>
    internal static void WriteResolvConf(string directory, RunOptions options)
    {
        string? host = Files.TryReadText("/etc/resolv.conf", out _);
        bool ownNamespace = options.Networks.IsEmpty || options.Networks[0].Kind != NetworkKind.Host;
        string? upstream =
            host?.Contains("127.0.0.53", StringComparison.Ordinal) == true ? Files.TryReadText(NetworkFiles.ResolvedUpstream, out _) : null;
        if (NetworkAttachments.AnyOfUsers(options))
        {
            Write(
                directory + "/resolv.conf",
                NetworkFiles.ResolvConfOfNetwork(host, upstream, [.. options.DnsOptions.AsSpan()], [.. options.DnsSearch.AsSpan()])
            );
            return;
        }
        bool asked = !options.Dns.IsEmpty || !options.DnsOptions.IsEmpty || !options.DnsSearch.IsEmpty;
        Write(
            directory + "/resolv.conf",
            !ownNamespace && !asked
                ? host ?? ""
                : (PastaNetwork.Serves(options) && options.Dns.IsEmpty ? $"nameserver {PastaNetwork.NameServer}\n" : "")
                    + NetworkFiles.ResolvConf(
                        host,
                        upstream,
                        [.. options.Dns.AsSpan()],
                        [.. options.DnsOptions.AsSpan()],
                        [.. options.DnsSearch.AsSpan()]
                    )
        );
    }

    private static void MakeDirectory(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1C0);
        if (errno == Errno.ENOENT && Path.GetDirectoryName(path) is string parent)
        {
            MakeDirectory(parent);
            errno = Files.TryMakeDirectory(path, 0x1C0);
        }
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }

    internal static void Write(string path, string text)
    {
        using SafeFd fd = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, 0x1A4);
        Files.WriteAll(fd, Encoding.UTF8.GetBytes(text), path);
    }
}
