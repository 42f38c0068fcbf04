using System.Globalization;
using System.Net;
using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <summary>The options of a bridge network (<c>--opt</c>), by docker's names and podman's short ones.</summary>
internal static class NetworkOptions
{
    private const string Prefix = "com.docker.network.";
    private const string BridgeName = Prefix + "bridge.name";
    private const string Mtu = Prefix + "driver.mtu";
    private const string Masquerade = Prefix + "bridge.enable_ip_masquerade";
    private const string BetweenContainers = Prefix + "bridge.enable_icc";
    private const string HostAddress = Prefix + "bridge.host_binding_ipv4";

    private static readonly string[] s_known = [BridgeName, Mtu, Masquerade, BetweenContainers, HostAddress];

    /// <summary>The name that the user wants for the bridge; null for none.</summary>
    internal static string? BridgeOf(IReadOnlyDictionary<string, string> options) => options.GetValueOrDefault(BridgeName);

    /// <summary>The MTU in bytes; 0 for the kernel's default.</summary>
    internal static int MtuOf(NetworkDefinition network) =>
        network.Options.TryGetValue(Mtu, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;

    /// <summary>Whether what leaves the host has the host's address.</summary>
    internal static bool Masquerades(NetworkDefinition network) => Flag(network, Masquerade);

    /// <summary>Whether its containers reach one another.</summary>
    internal static bool ConnectsContainers(NetworkDefinition network) => Flag(network, BetweenContainers);

    /// <summary>The address of the host that ports are published on when <c>-p</c> names none; empty for all.</summary>
    internal static string HostAddressOf(NetworkDefinition network) => network.Options.GetValueOrDefault(HostAddress, "");

    /// <summary>Checks names and values; the names become docker's long ones.</summary>
    /// <exception cref="SkiffException">One is unknown or wrong; exit code 1.</exception>
    internal static Dictionary<string, string> Check(IReadOnlyDictionary<string, string> options)
    {
        Dictionary<string, string> result = new(StringComparer.Ordinal);
        foreach ((string given, string value) in options)
        {
            string name = given switch
            {
                "mtu" => Mtu,
                "bridge_name" => BridgeName,
                _ => given,
            };
            bool good = name switch
            {
                BridgeName => IsLinkName(value),
                Mtu => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int mtu)
                    && mtu is 0 or (>= 68 and <= 65535),
                Masquerade or BetweenContainers => bool.TryParse(value, out _),
                HostAddress => IPAddress.TryParse(value, out IPAddress? address) && address.GetAddressBytes().Length == 4,
                _ => throw new SkiffException(
                    $"--opt {given}={value}: the driver bridge has no such option; it knows {string.Join(", ", s_known)}"
                ),
            };
            if (!good)
            {
                throw new SkiffException(
                    $"--opt {given}={value}: {name switch { BridgeName => "a name of at most 15 letters, digits, _, - and . is expected", Mtu => "a number of bytes from 68 to 65535 is expected", HostAddress => "an IPv4 address is expected", _ => "true or false is expected" }}"
                );
            }
            result[name] = value;
        }
        return result;
    }

    /// <summary>Whether the kernel takes it as a link's name, and nft(8) as that of a table.</summary>
    private static bool IsLinkName(string name) =>
        name.Length <= 15 && Spec.MountGrammar.IsName(name) && name is not ("all" or "default" or "lo");

    private static bool Flag(NetworkDefinition network, string name) =>
        !network.Options.TryGetValue(name, out string? text) || bool.Parse(text);
}
