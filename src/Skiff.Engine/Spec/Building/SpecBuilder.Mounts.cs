using Skiff.Linux;

namespace Skiff.Engine.Spec;

public sealed partial class SpecBuilder
{
    private List<MountSpec> Mounts(ValueList<IdMapping> uidMap, ValueList<IdMapping> gidMap)
    {
        List<ContainerMount> asked = AskedMounts();
        List<MountSpec> result = DefaultSpec.Mounts(_o.Privileged, _o.Security.WritableCgroups, _o.ShmSize ?? DefaultSpec.ShmSize);
        SharedMemory(result);
        List<MountSpec> files = [];
        AddFile("/etc/resolv.conf", _c.ResolvConf);
        AddFile("/etc/hostname", _o.NoHostname ? null : _c.HostnameFile);
        AddFile("/etc/hosts", _o.NoHosts ? null : _c.Hosts);
        if (_o.Timezone is { } zone)
        {
            AddFile("/etc/localtime", zone == "local" ? "/etc/localtime" : "/usr/share/zoneinfo/" + zone, readOnly: true);
        }
        // docker: what the user mounts replaces a default mount on the same path, and a mount on /dev replaces everything below it.
        bool device = asked.Exists(static mount => mount.Target == "/dev");
        result.RemoveAll(mount =>
            (device && mount.Destination.StartsWith("/dev/", StringComparison.Ordinal)) || asked.Exists(a => a.Target == mount.Destination)
        );
        files.RemoveAll(mount => asked.Exists(a => a.Target == mount.Destination));
        // A volume on /etc must not hide them: names would not be resolved.
        bool covered = asked.Exists(static mount => mount.Target == "/etc");
        if (!covered)
        {
            result.AddRange(files);
        }
        if (_o.ReadOnly && _o.ReadOnlyTmpfs)
        {
            foreach (string path in (ReadOnlySpan<string>)["/run", "/tmp", "/var/tmp"])
            {
                if (!asked.Exists(a => a.Target == path))
                {
                    result.Add(
                        new MountSpec
                        {
                            Destination = path,
                            Type = "tmpfs",
                            Source = "tmpfs",
                            Options = ["nosuid", "nodev", "mode=1777"],
                        }
                    );
                }
            }
        }
        foreach (ContainerMount mount in asked)
        {
            int volumes = _volumes.Count;
            result.Add(Mount(mount, uidMap, gidMap));
            _asked.Add(new AskedMount(mount, result[^1], _volumes.Count > volumes ? _volumes[^1] : null));
        }
        if (covered)
        {
            result.AddRange(files);
        }
        return result;

        void AddFile(string target, string? source, bool readOnly = false)
        {
            if (source is not null)
            {
                files.Add(
                    new MountSpec
                    {
                        Destination = target,
                        Type = "bind",
                        Source = source,
                        Options = readOnly ? ["rbind", "rprivate", "ro"] : ["rbind", "rprivate"],
                    }
                );
            }
        }
    }

    /// <summary>Flags, inherited volumes and the image's volumes, shallow targets first so that none hides another (stable: equal depths keep their order).</summary>
    private List<ContainerMount> AskedMounts()
    {
        List<ContainerMount> asked = [.. _o.Mounts.AsSpan()];
        foreach (ContainerMount mount in _c.InheritedMounts)
        {
            if (!asked.Exists(a => a.Target == mount.Target))
            {
                asked.Add(mount);
            }
        }
        foreach (string path in _image.Volumes)
        {
            string target = OptionValue.CleanPath(path.StartsWith('/') ? path : "/" + path);
            if (target != "/" && !asked.Exists(a => a.Target == target))
            {
                RefuseInsideProc("", target, ", a volume of the image");
                asked.Add(
                    new ContainerMount
                    {
                        Syntax = MountSyntax.Volume,
                        Type = MountType.Volume,
                        Target = target,
                    }
                );
            }
        }
        List<ContainerMount> sorted = new(asked.Count);
        foreach (ContainerMount mount in asked)
        {
            RefuseInsideProc(mount.Type == MountType.Bind ? mount.Source : "", mount.Target, "");
            int depth = mount.Target.AsSpan().Count('/');
            int place = sorted.Count;
            while (place > 0 && sorted[place - 1].Target.AsSpan().Count('/') > depth)
            {
                place--;
            }
            sorted.Insert(place, mount);
        }
        return sorted;
    }

    private void SharedMemory(List<MountSpec> mounts)
    {
        string? source = _o.Ipc.Kind switch
        {
            NamespaceKind.Host => "/dev/shm",
            NamespaceKind.Container => _c.Peer(_o.Ipc.Target).SharedMemory,
            _ => null,
        };
        if (_o.Ipc.Kind == NamespaceKind.None)
        {
            mounts.RemoveAll(static mount => mount.Destination == "/dev/shm");
        }
        else if (source is not null)
        {
            mounts.RemoveAll(static mount => mount.Destination == "/dev/shm");
            mounts.Add(
                new MountSpec
                {
                    Destination = "/dev/shm",
                    Type = "bind",
                    Source = source,
                    Options = ["rbind", "rprivate", "nosuid", "noexec", "nodev"],
                }
            );
        }
    }

    private MountSpec Mount(ContainerMount mount, ValueList<IdMapping> uidMap, ValueList<IdMapping> gidMap)
    {
        switch (mount.Type)
        {
            case MountType.Tmpfs:
                return new MountSpec
                {
                    Destination = mount.Target,
                    Type = "tmpfs",
                    Source = "tmpfs",
                    Options = Tmpfs(mount),
                };
            case MountType.Ramfs or MountType.Devpts:
                string type = mount.Type == MountType.Ramfs ? "ramfs" : "devpts";
                List<string> memory = ["nosuid", "nodev", .. mount.Options.AsSpan()];
                if (mount.ReadOnly)
                {
                    memory.Add("ro");
                }
                return new MountSpec
                {
                    Destination = mount.Target,
                    Type = type,
                    Source = type,
                    Options = [.. memory],
                };
            case MountType.Image:
                return Image(mount, uidMap, gidMap);
            default:
                return Bind(mount, Source(mount), uidMap, gidMap);
        }
    }

    /// <summary>docker's tmpfs: noexec, nosuid, nodev unless said otherwise; mode 1777 is the kernel's default for the root directory.</summary>
    private static ValueList<string> Tmpfs(ContainerMount mount)
    {
        List<string> options = [];
        foreach (
            (string word, string opposite) in (ReadOnlySpan<(string, string)>)[("noexec", "exec"), ("nosuid", "suid"), ("nodev", "dev")]
        )
        {
            bool said = false;
            foreach (string option in mount.Options)
            {
                said |= option == word || option == opposite;
            }
            if (!said)
            {
                options.Add(word);
            }
        }
        if (mount.ReadOnly)
        {
            options.Add("ro");
        }
        if (mount.Propagation != Propagation.Default)
        {
            options.Add(MountGrammar.PropagationName(mount.Propagation));
        }
        options.AddRange(mount.Options);
        return [.. options];
    }

    private string Source(ContainerMount mount)
    {
        string source;
        if (mount.Type == MountType.Volume)
        {
            bool anonymous = mount.Source.Length == 0;
            string name = anonymous ? _c.AnonymousVolume(mount.Target) : mount.Source;
            // A volume that shows a part of itself or is read-only is still filled from the image first, as docker does; an overlay shows the volume as it is.
            _volumes.Add(new VolumeUse(name, anonymous, mount.Target, !mount.NoCopy && !mount.Overlay && mount.Subpath.Length == 0, mount));
            source = _c.VolumeDirectory(name);
            source = mount.Subpath.Length == 0 ? source : $"{source}/{mount.Subpath}";
        }
        else
        {
            source = mount.Source;
            (mount.CreatesSource ? _create : _required).Add(source);
        }
        if (mount.Chown)
        {
            _chown.Add(source);
        }
        return source;
    }

    private MountSpec Bind(ContainerMount mount, string source, ValueList<IdMapping> uidMap, ValueList<IdMapping> gidMap)
    {
        if (mount.Overlay)
        {
            string directory = _c.OverlayDirectory(_overlays.Count);
            _overlays.Add(new OverlayUse(directory, source));
            return new MountSpec
            {
                Destination = mount.Target,
                Type = "overlay",
                Source = "overlay",
                Options = OverlayOptions(
                    $"lowerdir={Escape(source)}",
                    $"upperdir={Escape(directory)}/upper",
                    $"workdir={Escape(directory)}/work"
                ),
            };
        }
        List<string> options = [mount.Recursion == BindRecursion.Disabled ? "bind" : "rbind"];
        options.Add(mount.Propagation == Propagation.Default ? "rprivate" : MountGrammar.PropagationName(mount.Propagation));
        if (mount.ReadOnly || mount.Recursion == BindRecursion.ReadOnly)
        {
            // docker 25: read-only reaches the mounts below, where the kernel can (5.12, mount_setattr(2)), which all kernels of Skiff can.
            options.Add(mount.Recursion is BindRecursion.Enabled or BindRecursion.ReadOnly && mount.Type == MountType.Bind ? "rro" : "ro");
        }
        options.AddRange(mount.Options);
        MountSpec spec = new()
        {
            Destination = mount.Target,
            Type = "bind",
            Source = source,
            Options = [.. options],
        };
        if (mount.IdMap is not { } map)
        {
            return mount.Type == MountType.Volume ? Mapped(spec, uidMap, gidMap) : spec;
        }
        if (_c.Host.Rootless)
        {
            throw new SkiffException(
                $"the mount on {mount.Target} asks for idmap, for which the kernel needs rights that only root has: leave it out",
                125
            );
        }
        ValueList<IdMapping> uids = map.Length == 0 ? uidMap : IdMapGrammar.ParseMountMap("volume", mount.Target, map, "uids");
        ValueList<IdMapping> gids = map.Length == 0 ? gidMap : IdMapGrammar.ParseMountMap("volume", mount.Target, map, "gids");
        return uids.IsEmpty && gids.IsEmpty
            ? throw new SkiffException(
                $"the mount on {mount.Target} asks for idmap, but the container has no user namespace to take the map from: write idmap=uids=0-1000-1;gids=0-1000-1, or add --userns",
                125
            )
            : spec with
            {
                Options = spec.Options.Add("idmap"),
                UidMappings = uids,
                GidMappings = gids,
            };
    }

    private MountSpec Image(ContainerMount mount, ValueList<IdMapping> uidMap, ValueList<IdMapping> gidMap)
    {
        IReadOnlyList<string> layers = _c.ImageLayers(mount.Source);
        if (layers.Count == 1 && !mount.Overlay)
        {
            MountSpec layer = new()
            {
                Destination = mount.Target,
                Type = "bind",
                Source = layers[0],
                Options = ["rbind", "rprivate", "ro"],
            };
            return Mapped(layer, uidMap, gidMap);
        }
        System.Text.StringBuilder lower = new("lowerdir=");
        for (int i = layers.Count - 1; i >= 0; i--)
        {
            lower.Append(Escape(layers[i])).Append(i > 0 ? ":" : "");
        }
        if (!mount.Overlay)
        {
            return new MountSpec
            {
                Destination = mount.Target,
                Type = "overlay",
                Source = "overlay",
                Options = OverlayOptions("ro", lower.ToString()),
            };
        }
        string directory = _c.OverlayDirectory(_overlays.Count);
        _overlays.Add(new OverlayUse(directory, layers[^1]));
        return new MountSpec
        {
            Destination = mount.Target,
            Type = "overlay",
            Source = "overlay",
            Options = OverlayOptions(lower.ToString(), $"upperdir={Escape(directory)}/upper", $"workdir={Escape(directory)}/work"),
        };
    }

    private ValueList<string> OverlayOptions(params ReadOnlySpan<string> options) =>
        _c.Host.Rootless ? [.. options, "userxattr"] : [.. options];

    /// <summary>overlayfs separates layers by colons; its documentation says to escape them in names.</summary>
    private static string Escape(string path) =>
        path.AsSpan().IndexOfAny('\\', ':', ',') < 0
            ? path
            : path.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace(":", "\\:", StringComparison.Ordinal)
                .Replace(",", "\\,", StringComparison.Ordinal);
}
