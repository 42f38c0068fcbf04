using System.Text;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>The files of /etc that are made for each container.</summary>
internal static class EtcFiles
{
    internal static string Hosts(RunOptions options, string hostname)
    {
        StringBuilder text = new("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
        foreach (HostEntry entry in options.AddHost)
        {
            text.Append(entry.Address).Append('\t').Append(entry.Name).Append('\n');
        }
        return text.Append("127.0.1.1\t").Append(hostname).Append('\n').ToString();
    }

    internal static string ResolvConf(RunOptions options)
    {
        _ = options;
        return Files.TryReadText("/etc/resolv.conf", out _) ?? "";
    }
}
