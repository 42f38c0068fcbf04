using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>Options + image + facts → OCI runtime spec, by docker's rules. It changes nothing on the host; what must be made first is in the result.</summary>
public sealed partial class SpecBuilder
{
    private readonly RunOptions _o;
    private readonly SpecContext _c;
    private readonly ImageConfig _image;
    private readonly List<string> _warnings = [];
    private readonly List<VolumeUse> _volumes = [];
    private readonly List<string> _create = [];
    private readonly List<string> _required = [];
    private readonly List<string> _chown = [];
    private readonly List<OverlayUse> _overlays = [];
    private readonly List<AskedMount> _asked = [];
    private readonly List<NameValue> _deviceSources = [];

    private SpecBuilder(RunOptions options, SpecContext context)
    {
        _o = options;
        _c = context;
        _image = context.Image ?? new ImageConfig();
    }

    /// <summary>Makes the spec.</summary>
    /// <exception cref="SkiffException">Something asked for cannot be done with this image or on this host; exit code 125.</exception>
    public static SpecResult Build(RunOptions options, SpecContext context) => new SpecBuilder(options, context).Build();

    /// <summary>The limits alone, without device rules: what <c>update</c> changes.</summary>
    public static ResourcesSpec Limits(RunOptions options, HostFacts host) =>
        new SpecBuilder(
            options,
            new SpecContext
            {
                Id = "",
                RootPath = "/",
                Host = host,
            }
        ).Resources([]);

    private SpecResult Build()
    {
        RefuseWhatIsNotDone();
        ResolvedUser user = User(_o.User ?? _image.User);
        List<NamespaceSpec> namespaces = Namespaces(out ValueList<IdMapping> uidMap, out ValueList<IdMapping> gidMap);
        if (_c.Host.Rootless && _o.Userns.Kind == NamespaceKind.KeepId && _o.User is null)
        {
            // podman: whoever keeps the id also is that user
            user = User($"{UserNamespaceMaps.ToContainer(uidMap, 0)}:{UserNamespaceMaps.ToContainer(gidMap, 0)}");
        }
        ValueList<IdMapping> uids = uidMap.IsEmpty ? _c.Host.OwnUids : uidMap;
        ValueList<IdMapping> gids = gidMap.IsEmpty ? _c.Host.OwnGids : gidMap;
        user = Mapped(user, uids, gids);
        string? hostname = Hostname();
        List<MountSpec> mounts = Mounts(uidMap, gidMap);
        if (!uids.IsEmpty)
        {
            AdaptToUserNamespace(mounts, namespaces, gids, own: !uidMap.IsEmpty);
        }
        CheckSecrets();
        List<DeviceSpec> devices = [];
        List<DeviceRuleSpec> rules = Devices(devices);
        RuntimeSpec spec = new()
        {
            Process = Process(user, hostname ?? _c.Host.Hostname),
            Root = new RootSpec(_c.RootPath, _o.ReadOnly),
            Hostname = Has(namespaces, "uts") && _o.Uts.Kind is NamespaceKind.Default or NamespaceKind.Private ? hostname : null,
            Domainname = _o.Domainname,
            Mounts = [.. mounts],
            Annotations = Annotations(),
            Linux = new LinuxSpec
            {
                Namespaces = [.. namespaces],
                UidMappings = uidMap,
                GidMappings = gidMap,
                Devices = [.. devices],
                CgroupsPath = CgroupsPath(_o.CgroupParent, _c.Id),
                Resources = Resources(rules),
                Sysctl = Sysctls(namespaces, gids),
                Seccomp = Seccomp(),
                MaskedPaths = Hidden(),
                ReadonlyPaths = ReadOnlyPaths(),
                RootfsPropagation = SharesPropagation(mounts),
            },
        };
        return new SpecResult
        {
            Spec = spec,
            User = user,
            Asked = [.. _asked],
            DeviceSources = [.. _deviceSources],
            Volumes = [.. _volumes],
            SourcesToCreate = [.. _create],
            SourcesRequired = [.. _required],
            SourcesToChown = [.. _chown],
            Overlays = [.. _overlays],
            StopSignal = StopSignal(),
            Warnings = [.. _warnings],
        };
    }

    /// <summary>A bind that shares mounts with the host only works when the root of the container's tree is shared or slave too (runc and docker do the same).</summary>
    private static string? SharesPropagation(List<MountSpec> mounts)
    {
        string? result = null;
        foreach (MountSpec mount in mounts)
        {
            foreach (string option in mount.Options)
            {
                if (option is "shared" or "rshared")
                {
                    return "shared";
                }
                result = option is "slave" or "rslave" ? "slave" : result;
            }
        }
        return result;
    }

    private ResolvedUser User(string text)
    {
        byte[] passwd = _c.ReadImageFile("/etc/passwd") ?? [];
        // /etc/group is only needed for names and memberships; an absent file is the same as an empty one (RUN-04).
        return UserDatabase.Resolve(text, passwd, _c.ReadImageFile("/etc/group") ?? [], _o.GroupAdd);
    }

    private string? Hostname()
    {
        if (_o.Hostname is not null)
        {
            return _o.Hostname;
        }
        NetworkAttachment? network = _o.Networks.IsEmpty ? null : _o.Networks[0];
        return _o.Uts.Kind == NamespaceKind.Host || network?.Kind == NetworkKind.Host ? _c.Host.Hostname
            : _o.Uts.Kind == NamespaceKind.Container ? _c.Peer(_o.Uts.Target).Hostname
            : network?.Kind == NetworkKind.Container ? _c.Peer(network.Target).Hostname
            : _c.Id.Length > 12 ? _c.Id[..12]
            : _c.Id;
    }

    private string StopSignal()
    {
        string text = _o.StopSignal ?? (_image.StopSignal.Length == 0 ? "SIGTERM" : _image.StopSignal);
        if (SignalName.TryParse(text, out int signal))
        {
            return SignalName.Format(signal);
        }
        _warnings.Add($"the image's stop signal \"{text}\" is unknown: SIGTERM is used");
        return "SIGTERM";
    }

    /// <summary>The container's cgroup, relative to the mount point of each hierarchy.</summary>
    internal static string CgroupsPath(string? parent, string id) =>
        parent is null ? "/skiff/" + id : OptionValue.CleanPath(parent[0] == '/' ? $"{parent}/{id}" : $"/{parent}/{id}");

    private SeccompSpec? Seccomp() =>
        _o.Security.Seccomp switch
        {
            "unconfined" => null,
            { } path => new SeccompSpec { ProfilePath = path },
            null => _o.Privileged ? null : SeccompSpec.BuiltIn,
        };

    private static bool Has(List<NamespaceSpec> namespaces, string type)
    {
        foreach (NamespaceSpec item in namespaces)
        {
            if (item.Type == type)
            {
                return true;
            }
        }
        return false;
    }
}
