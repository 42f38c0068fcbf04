using System.Globalization;
using System.Text;
using Skiff.Compose.Planning;
using Skiff.Compose.Yaml;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Compose.Running;

/// <summary>A service in the words of <c>skiff run</c>: its containers are made by the code that makes all others.</summary>
public static partial class ServiceOptions
{
    /// <summary>The options of one container.</summary>
    /// <param name="project">The project.</param>
    /// <param name="service">The service.</param>
    /// <param name="wishes">What the container is for.</param>
    /// <param name="imageId">The id of its image.</param>
    public static RunOptions Of(Project project, ComposeService service, ContainerWishes wishes, string imageId)
    {
        // Everything is resolved: a variable without value is one that the image's is taken from.
        RunOptionsBuilder builder = new(
            new RunOptionsContext(project.Directory, static _ => null, static path => throw new InvalidOperationException(path))
        );
        Node node = service.Node;
        foreach ((string flag, string value) in All())
        {
            try
            {
                builder.Set(flag, value);
            }
            catch (SkiffException e)
            {
                throw new SkiffException($"services.{service.Name}: {e.Message}", e.ExitCode);
            }
        }
        string[] command = [.. wishes.Command ?? [.. node.ItemsOf("command").Select(static w => w.Text)]];
        try
        {
            return builder.Build(service.Image, command);
        }
        catch (SkiffException e)
        {
            throw new SkiffException($"services.{service.Name}: {e.Message}", e.ExitCode);
        }

        IEnumerable<(string Flag, string Value)> All() =>
            [
                ("name", wishes.Name),
                ("detach", "true"),
                .. LabelsOf(project, service, wishes, imageId),
                .. Plain(node),
                .. Process(node),
                .. Namespaces(node, wishes.ContainerOf),
                .. Networking(project, service, wishes),
                .. Limits(node),
                .. Mounts(project, service, wishes),
                .. Files(project, service),
                .. Health(node),
                .. wishes.Flags,
            ];
    }

    /// <summary>Keys that a flag takes as they are: a text, a bool, or a list.</summary>
    private static readonly (string Key, string Flag)[] s_plain =
    [
        ("cap_add", "cap-add"),
        ("cap_drop", "cap-drop"),
        ("cgroup", "cgroupns"),
        ("cgroup_parent", "cgroup-parent"),
        ("cpu_period", "cpu-period"),
        ("cpu_quota", "cpu-quota"),
        ("cpu_rt_period", "cpu-rt-period"),
        ("cpu_rt_runtime", "cpu-rt-runtime"),
        ("cpu_shares", "cpu-shares"),
        ("cpuset", "cpuset-cpus"),
        ("device_cgroup_rules", "device-cgroup-rule"),
        ("dns", "dns"),
        ("dns_opt", "dns-option"),
        ("dns_search", "dns-search"),
        ("domainname", "domainname"),
        ("expose", "expose"),
        ("extra_hosts", "add-host"),
        ("group_add", "group-add"),
        ("hostname", "hostname"),
        ("init", "init"),
        ("mem_swappiness", "memory-swappiness"),
        ("memswap_limit", "memory-swap"),
        ("oom_kill_disable", "oom-kill-disable"),
        ("oom_score_adj", "oom-score-adj"),
        ("platform", "platform"),
        ("privileged", "privileged"),
        ("read_only", "read-only"),
        ("security_opt", "security-opt"),
        ("shm_size", "shm-size"),
        ("stdin_open", "interactive"),
        ("stop_signal", "stop-signal"),
        ("tmpfs", "tmpfs"),
        ("tty", "tty"),
        ("user", "user"),
        ("userns_mode", "userns"),
        ("working_dir", "workdir"),
    ];

    private static IEnumerable<(string, string)> Plain(Node node)
    {
        foreach ((string key, string flag) in s_plain)
        {
            if (node[key] is { IsScalar: true } one && !(key == "shm_size" && one.Text == "0"))
            {
                yield return (flag, one.Text);
            }
            foreach (Node item in node.ItemsOf(key))
            {
                yield return (flag, item.Text);
            }
        }
    }

    private static IEnumerable<(string, string)> LabelsOf(Project project, ComposeService service, ContainerWishes wishes, string imageId)
    {
        foreach ((string name, Node value) in service.Node.EntriesOf("labels"))
        {
            yield return ("label", $"{name}={value.Text}");
        }
        string depends = string.Join(
            ',',
            service.DependsOn.Select(static d =>
                $"{d.Service}:{d.Condition switch { DependencyCondition.Healthy => "service_healthy", DependencyCondition.Completed => "service_completed_successfully", _ => "service_started" }}:{(d.Restart ? "true" : "false")}"
            )
        );
        string number = wishes.Number.ToString(CultureInfo.InvariantCulture);
        foreach (
            (string name, string value) in (IEnumerable<(string, string)>)
                [
                    (Labels.Project, project.Name),
                    (Labels.Service, service.Name),
                    (Labels.Number, number),
                    (Labels.OneOff, wishes.IsOneOff ? "True" : "False"),
                    (Labels.Hash, ConfigHash.Of(service)),
                    (Labels.Image, imageId),
                    (Labels.DependsOn, depends),
                    (Labels.Directory, project.Directory),
                    (Labels.Files, string.Join(',', project.Files)),
                    (Labels.EnvironmentFile, string.Join(',', project.EnvFiles)),
                    (Labels.Version, "skiff"),
                ]
        )
        {
            if (name != Labels.EnvironmentFile || value.Length > 0)
            {
                yield return ("label", $"{name}={value}");
            }
        }
        foreach ((string name, Node value) in service.Node.EntriesOf("annotations"))
        {
            yield return ("annotation", $"{name}={value.Text}");
        }
    }

    private static IEnumerable<(string, string)> Process(Node node)
    {
        foreach ((string name, Node value) in node.EntriesOf("environment"))
        {
            yield return ("env", value.Kind == NodeKind.Null ? name : $"{name}={value.Text}");
        }
        if (node["entrypoint"] is { Kind: NodeKind.List } entrypoint)
        {
            yield return ("entrypoint", Words(entrypoint.Items));
        }
        if (node.TextOf("stop_grace_period") is { } grace && GoDuration.TryParse(grace, out TimeSpan time))
        {
            yield return ("stop-timeout", ((long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
        }
        if (node.TextOf("restart") is { } restart)
        {
            yield return ("restart", restart);
        }
        else if (node["deploy"]?["restart_policy"] is { Kind: NodeKind.Map } policy)
        {
            yield return ("restart", Restart(policy));
        }
        if (node["logging"] is { Kind: NodeKind.Map } logging)
        {
            if (logging.TextOf("driver") is { Length: > 0 } driver)
            {
                yield return ("log-driver", driver);
            }
            foreach ((string name, Node value) in logging.EntriesOf("options"))
            {
                yield return ("log-opt", $"{name}={value.Text}");
            }
        }
        foreach ((string name, Node value) in node.EntriesOf("sysctls"))
        {
            yield return ("sysctl", $"{name}={value.Text}");
        }
        foreach ((string name, Node value) in node.EntriesOf("ulimits"))
        {
            yield return ("ulimit", $"{name}={value.TextOf("single") ?? $"{value.TextOf("soft")}:{value.TextOf("hard")}"}");
        }
        foreach (Node device in node.ItemsOf("devices"))
        {
            string source = device.TextOf("source") ?? "";
            yield return (
                "device",
                device.TextOf("target") is { } target ? $"{source}:{target}:{device.TextOf("permissions") ?? "rwm"}" : source
            );
        }
    }

    private static string Restart(Node policy)
    {
        string attempts = policy["max_attempts"] is { Kind: NodeKind.Int } most ? ":" + most.Text : "";
        return policy.TextOf("condition") switch
        {
            "none" => "no",
            "on-failure" => "on-failure" + attempts,
            _ => "always",
        };
    }

    private static IEnumerable<(string, string)> Namespaces(Node node, Func<string, string> containerOf)
    {
        foreach (string key in (string[])["ipc", "pid", "uts"])
        {
            if (node.TextOf(key) is { Length: > 0 } mode)
            {
                yield return (key, Shared(mode, containerOf));
            }
        }
    }

    private static string Shared(string mode, Func<string, string> containerOf) =>
        mode.StartsWith("service:", StringComparison.Ordinal) ? "container:" + containerOf(mode[8..]) : mode;

    private static IEnumerable<(string, string)> Limits(Node node)
    {
        Node? resources = node["deploy"]?["resources"];
        foreach (
            (string key, string group, string name, string flag) in (IEnumerable<(string, string, string, string)>)
                [
                    ("cpus", "limits", "cpus", "cpus"),
                    ("mem_limit", "limits", "memory", "memory"),
                    ("pids_limit", "limits", "pids", "pids-limit"),
                    ("mem_reservation", "reservations", "memory", "memory-reservation"),
                ]
        )
        {
            if ((node.TextOf(key) ?? resources?[group]?.TextOf(name)) is { } value && value != "0")
            {
                yield return (flag, value);
            }
        }
        if (node["blkio_config"] is not { Kind: NodeKind.Map } io)
        {
            yield break;
        }
        if (io.TextOf("weight") is { } weight && weight != "0")
        {
            yield return ("blkio-weight", weight);
        }
        foreach (Node item in io.ItemsOf("weight_device"))
        {
            yield return ("blkio-weight-device", $"{item.TextOf("path")}:{item.TextOf("weight")}");
        }
        foreach (string key in (string[])["device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops"])
        {
            foreach (Node item in io.ItemsOf(key))
            {
                yield return (key.Replace('_', '-'), $"{item.TextOf("path")}:{item.TextOf("rate")}");
            }
        }
    }

    private static IEnumerable<(string, string)> Health(Node node)
    {
        if (node["healthcheck"] is not { Kind: NodeKind.Map } check)
        {
            yield break;
        }
        IReadOnlyList<Node> test = check.ItemsOf("test");
        if (check.Is("disable") || (test.Count > 0 && test[0].Text == "NONE"))
        {
            yield return ("no-healthcheck", "true");
            yield break;
        }
        if (test.Count > 1)
        {
            yield return test[0].Text switch
            {
                "CMD-SHELL" => ("health-cmd", test[1].Text),
                "CMD" => ("health-cmd", Words(test)),
                _ => throw ComposeError.At(test[0].Place, "healthcheck.test: the first item is CMD, CMD-SHELL or NONE"),
            };
        }
        foreach (string key in (string[])["interval", "timeout", "retries", "start_period", "start_interval"])
        {
            if (check.TextOf(key) is { } value)
            {
                yield return ($"health-{key.Replace('_', '-')}", value);
            }
        }
    }

    /// <summary>Words as a JSON array: the form in which flags take several; none is an empty text.</summary>
    private static string Words(IReadOnlyList<Node> words)
    {
        if (words.Count == 0)
        {
            return "";
        }
        StringBuilder text = new("[");
        for (int i = 0; i < words.Count; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(Output.ModelJson.Compact(Node.Of(words[i].Text)));
        }
        return text.Append(']').ToString();
    }
}
