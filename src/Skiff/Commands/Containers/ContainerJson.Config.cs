using System.Globalization;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Format;
using Skiff.Images;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <content>Config, HostConfig and NetworkSettings.</content>
internal static partial class ContainerJson
{
    private static Value Config(SkiffEngine engine, ContainerRecord record, RunOptions options, RuntimeSpec? spec)
    {
        ImageConfig? image = record.ImageId.Length > 0 ? engine.Images.Find(record.ImageId)?.Config : null;
        IReadOnlyList<string> cmd =
            !options.Arguments.IsEmpty ? [.. options.Arguments.AsSpan()]
            : options.Entrypoint is null && image is not null ? image.Cmd
            : [];
        IReadOnlyList<string> entrypoint = options.Entrypoint is { } own ? [.. own.AsSpan()] : image?.Entrypoint ?? [];
        List<(string, Value)> fields =
        [
            ("Hostname", Value.Of(spec?.Hostname ?? "")),
            ("Domainname", Value.Of(options.Domainname ?? "")),
            ("User", Value.Of(options.User ?? image?.User ?? "")),
            ("AttachStdin", Value.Of(record.Foreground && options.Interactive)),
            ("AttachStdout", Value.Of(record.Foreground)),
            ("AttachStderr", Value.Of(record.Foreground)),
            ("ExposedPorts", Keys(record.ExposedPorts)),
            ("Tty", Value.Of(record.Tty)),
            ("OpenStdin", Value.Of(record.OpenStdin)),
            ("StdinOnce", Value.Of(record.Foreground && options.Interactive)),
            ("Env", spec?.Process is { } process ? Words(process.Env) : Value.Of((IReadOnlyList<string>?)null)),
            ("Cmd", Value.Of(cmd.Count == 0 ? null : cmd)),
            ("Image", Value.Of(record.Image)),
            ("Volumes", Keys(image?.Volumes ?? [])),
            ("WorkingDir", Value.Of(options.Workdir ?? image?.WorkingDir ?? "")),
            ("Entrypoint", Value.Of(entrypoint.Count == 0 ? null : entrypoint)),
            ("OnBuild", Value.Nil),
            ("Labels", Value.Of(record.Labels)),
            ("StopSignal", Value.Of(record.StopSignal)),
            ("StopTimeout", Value.Of((long)record.StopTimeout)),
        ];
        if (options.NoHealthcheck || record.HealthCheck is not null)
        {
            fields.Insert(11, ("Healthcheck", Health(record.HealthCheck)));
        }
        return Value.Struct(fields);
    }

    private static Value Health(HealthCheck? check) =>
        check is null
            ? Value.Struct(("Test", Value.Of(["NONE"])))
            : Value.Struct(
                ("Test", Value.Of(check.Test[0] == "CMD-SHELL" ? [.. check.Test.Take(2)] : check.Test)),
                ("Interval", Value.Of(check.Interval.Ticks * 100)),
                ("Timeout", Value.Of(check.Timeout.Ticks * 100)),
                ("StartPeriod", Value.Of(check.StartPeriod.Ticks * 100)),
                ("StartInterval", Value.Of(check.StartInterval.Ticks * 100)),
                ("Retries", Value.Of((long)check.Retries))
            );

    private static Value HostConfig(ContainerRecord record, RunOptions o) =>
        Value.Struct(
            ("Binds", Value.Of(Binds(record))),
            ("ContainerIDFile", Value.Of(o.CidFile ?? "")),
            ("LogConfig", Value.Struct(("Type", Value.Of(record.LogDriver)), ("Config", Value.Of(record.LogOptions)))),
            ("NetworkMode", Value.Of(record.NetworkMode)),
            ("PortBindings", Bindings(o)),
            (
                "RestartPolicy",
                Value.Struct(
                    ("Name", Value.Of(record.RestartPolicy.Name)),
                    ("MaximumRetryCount", Value.Of((long)record.RestartPolicy.MaximumRetries))
                )
            ),
            ("AutoRemove", Value.Of(record.AutoRemove)),
            ("CapAdd", Words(o.CapAdd)),
            ("CapDrop", Words(o.CapDrop)),
            ("Dns", Words(o.Dns)),
            ("DnsOptions", Words(o.DnsOptions)),
            ("DnsSearch", Words(o.DnsSearch)),
            ("ExtraHosts", Value.Of(o.AddHost.IsEmpty ? null : [.. o.AddHost.Select(static h => $"{h.Name}:{h.Address}")])),
            ("GroupAdd", Words(o.GroupAdd)),
            ("IpcMode", Value.Of(Mode(o.Ipc, "private"))),
            ("OomScoreAdj", Value.Of((long)(o.OomScoreAdj ?? 0))),
            ("PidMode", Value.Of(Mode(o.Pid, ""))),
            ("Privileged", Value.Of(o.Privileged)),
            ("PublishAllPorts", Value.Of(o.PublishAll)),
            ("ReadonlyRootfs", Value.Of(o.ReadOnly)),
            ("SecurityOpt", Value.Nil),
            ("UTSMode", Value.Of(Mode(o.Uts, ""))),
            ("UsernsMode", Value.Of(Mode(o.Userns, ""))),
            (
                "IDMappings",
                record.UidMap.Count == 0
                    ? Value.Nil
                    : Value.Struct(("UidMap", Value.Of(record.UidMap)), ("GidMap", Value.Of(record.GidMap)))
            ),
            ("CgroupnsMode", Value.Of(Mode(o.Cgroupns, "private"))),
            ("ShmSize", Value.Of(o.ShmSize ?? 64L << 20)),
            ("Runtime", Value.Of("skiff")),
            ("Init", Value.Of(o.Init)),
            ("Memory", Value.Of(o.Memory ?? 0)),
            ("MemoryReservation", Value.Of(o.MemoryReservation ?? 0)),
            ("MemorySwap", Value.Of(o.MemorySwap ?? 0)),
            ("MemorySwappiness", o.MemorySwappiness is { } swappiness ? Value.Of((long)swappiness) : Value.Nil),
            ("NanoCpus", Value.Of(o.NanoCpus ?? 0)),
            ("CpuShares", Value.Of((long)(o.CpuShares ?? 0))),
            ("CpuPeriod", Value.Of((long)(o.CpuPeriod ?? 0))),
            ("CpuQuota", Value.Of(o.CpuQuota ?? 0)),
            ("CpusetCpus", Value.Of(o.CpusetCpus ?? "")),
            ("CpusetMems", Value.Of(o.CpusetMems ?? "")),
            ("CgroupParent", Value.Of(o.CgroupParent ?? "")),
            ("PidsLimit", Value.Of(o.PidsLimit)),
            (
                "Ulimits",
                Value.List([
                    .. o.Ulimits.Select(static u =>
                        Value.Struct(("Name", Value.Of(u.Name)), ("Hard", Value.Of(u.Hard)), ("Soft", Value.Of(u.Soft)))
                    ),
                ])
            ),
            ("BlkioWeight", Value.Of((long)(o.BlkioWeight ?? 0))),
            (
                "Devices",
                Value.List([
                    .. o.Devices.Select(static d =>
                        Value.Struct(
                            ("PathOnHost", Value.Of(d.HostPath)),
                            ("PathInContainer", Value.Of(d.ContainerPath)),
                            ("CgroupPermissions", Value.Of(d.Access))
                        )
                    ),
                ])
            ),
            ("OomKillDisable", Value.Of(o.OomKillDisable))
        );

    private static List<string>? Binds(ContainerRecord record)
    {
        List<string> binds =
        [
            .. record
                .Mounts.Where(static m => m.Type == "bind")
                .Select(static m => $"{m.Source}:{m.Destination}{(m.ReadWrite ? "" : ":ro")}"),
        ];
        return binds.Count == 0 ? null : binds;
    }

    private static string Mode(NamespaceMode mode, string otherwise) =>
        mode.Kind == NamespaceKind.Default ? otherwise
        : mode.Target.Length > 0 ? $"{mode.Kind.ToString().ToLowerInvariant()}:{mode.Target}"
        : mode.Kind.ToString().ToLowerInvariant();

    private static Value Bindings(RunOptions options)
    {
        Dictionary<string, Value> map = [];
        foreach (PortMapping port in options.Ports)
        {
            for (int i = 0; i < port.Count; i++)
            {
                string host = port.HostPort == 0 ? "" : (port.HostPort + i).ToString(CultureInfo.InvariantCulture);
                map[$"{port.ContainerPort + i}/{port.Protocol}"] = Value.List([
                    Value.Struct(("HostIp", Value.Of(port.HostIp)), ("HostPort", Value.Of(host))),
                ]);
            }
        }
        return Value.Map(map);
    }

    private static Value Network(ContainerRecord record, ContainerState state)
    {
        Dictionary<string, Value> ports = [];
        foreach (string port in state.IsUp ? record.ExposedPorts : [])
        {
            ports[port] = Value.Nil;
        }
        foreach (IGrouping<string, PublishedPort> group in state.Ports.GroupBy(static p => $"{p.ContainerPort}/{p.Protocol}"))
        {
            ports[group.Key] = Value.List([
                .. group.Select(static p =>
                    Value.Struct(("HostIp", Value.Of(p.HostIp)), ("HostPort", Value.Of(p.HostPort.ToString(CultureInfo.InvariantCulture))))
                ),
            ]);
        }
        Dictionary<string, Value> networks = [];
        foreach (NetworkEndpoint endpoint in state.Endpoints)
        {
            networks[endpoint.Network] = Endpoint(endpoint);
        }
        if (networks.Count == 0 && !record.NetworkMode.Contains(':'))
        {
            networks[record.NetworkMode] = Endpoint(new NetworkEndpoint(record.NetworkMode, "", 0, "", "", 0, "", "", "", []));
        }
        NetworkEndpoint? first = state.Endpoints.Count > 0 ? state.Endpoints[0] : null;
        return Value.Struct(
            ("Bridge", Value.Of("")),
            ("SandboxID", Value.Of(record.Id)),
            ("SandboxKey", Value.Of(state.IsUp ? $"/proc/{state.Process.Pid}/ns/net" : "")),
            ("Ports", Value.Map(ports)),
            ("Gateway", Value.Of(first?.IPv4Gateway ?? "")),
            ("GlobalIPv6Address", Value.Of(first?.IPv6 ?? "")),
            ("GlobalIPv6PrefixLen", Value.Of((long)(first?.IPv6PrefixLength ?? 0))),
            ("IPAddress", Value.Of(first?.IPv4 ?? "")),
            ("IPPrefixLen", Value.Of((long)(first?.IPv4PrefixLength ?? 0))),
            ("IPv6Gateway", Value.Of(first?.IPv6Gateway ?? "")),
            ("MacAddress", Value.Of(first?.MacAddress ?? "")),
            ("Networks", Value.Map(networks))
        );
    }

    private static Value Endpoint(NetworkEndpoint endpoint) =>
        Value.Struct(
            ("IPAMConfig", Value.Nil),
            ("Links", Value.Nil),
            ("Aliases", Value.Of(endpoint.Aliases.Count == 0 ? null : endpoint.Aliases)),
            ("MacAddress", Value.Of(endpoint.MacAddress)),
            ("NetworkID", Value.Of(endpoint.Network)),
            ("EndpointID", Value.Of(endpoint.HostInterface)),
            ("Gateway", Value.Of(endpoint.IPv4Gateway)),
            ("IPAddress", Value.Of(endpoint.IPv4)),
            ("IPPrefixLen", Value.Of((long)endpoint.IPv4PrefixLength)),
            ("IPv6Gateway", Value.Of(endpoint.IPv6Gateway)),
            ("GlobalIPv6Address", Value.Of(endpoint.IPv6)),
            ("GlobalIPv6PrefixLen", Value.Of((long)endpoint.IPv6PrefixLength)),
            ("DriverOpts", Value.Nil),
            ("DNSNames", Value.Nil)
        );
}
