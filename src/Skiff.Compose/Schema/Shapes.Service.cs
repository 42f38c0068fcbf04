using Skiff.Compose.Yaml;

namespace Skiff.Compose.Schema;

internal static partial class Shapes
{
    private const string Swarm = "it matters to swarm only";
    private const string Windows = "it exists on Windows only";

    private static Shape Service() =>
        Object([
            new("profiles", s_texts),
            new("annotations", s_labels),
            new("attach", s_bool),
            new("build", Build()),
            new("develop", Develop()),
            new("blkio_config", BlockIo()),
            new("cap_add", s_texts),
            new("cap_drop", s_texts),
            new("cgroup_parent", s_text),
            new("cgroup", Choice("host", "private")),
            new("cpu_count", s_int, Standing.Refused, Windows),
            new("cpu_percent", s_float, Standing.Refused, Windows),
            new("cpu_period", s_int),
            new("cpu_quota", s_int),
            new("cpu_rt_period", s_int),
            new("cpu_rt_runtime", s_int),
            new("cpus", s_float),
            new("cpuset", s_text),
            new("cpu_shares", s_int),
            new("command", s_command),
            new("configs", FileUses()),
            new("container_name", s_text),
            new("credential_spec", s_any, Standing.Refused, Windows),
            new("depends_on", DependsOn()),
            new("deploy", Deploy()),
            new("device_cgroup_rules", s_texts),
            new("devices", Devices()),
            new("dns", s_textOrTexts),
            new("dns_opt", s_texts),
            new("dns_search", s_textOrTexts),
            new("domainname", s_text),
            new("entrypoint", s_command),
            new("provider", s_any, Standing.Refused, "Skiff runs no provider programs"),
            new("environment", s_variables),
            new("env_file", EnvFiles()),
            new("expose", s_words),
            new("extends", Extends()),
            new("external_links", s_texts),
            new("extra_hosts", Hosts()),
            new("group_add", s_words),
            new("gpus", Gpus(), Standing.Refused, "Skiff gives no GPUs"),
            new("hostname", s_text),
            new("healthcheck", Healthcheck()),
            new("image", s_text),
            new("init", s_bool),
            new("ipc", s_text),
            new("isolation", s_text, Standing.Ignored, Windows),
            new("labels", s_labels),
            new("label_file", List(s_path) with { OneIsList = true }),
            new("links", s_texts),
            new("logging", Logging()),
            new("mem_limit", s_bytes),
            new("mem_reservation", s_bytes),
            new("memswap_limit", s_bytes),
            new("mem_swappiness", s_word),
            new("mac_address", s_text),
            new("models", s_any, Standing.Refused, "Skiff serves no language models"),
            new("networks", ServiceNetworks()),
            new("network_mode", s_text),
            new("oom_kill_disable", s_bool),
            new("oom_score_adj", s_int),
            new("pid", s_text),
            new("pids_limit", s_int),
            new("platform", s_text),
            new("ports", Ports()),
            new("privileged", s_bool),
            new("pull_policy", s_text),
            new("pull_refresh_after", s_text),
            new("read_only", s_bool),
            new("restart", s_text),
            new("runtime", s_text, Standing.Ignored, "Skiff is the runtime"),
            new("scale", s_int),
            new("secrets", FileUses()),
            new("security_opt", s_texts),
            new("shm_size", s_bytes),
            new("stdin_open", s_bool),
            new("stop_grace_period", s_duration),
            new("stop_signal", s_text),
            new("storage_opt", s_options, Standing.Refused, "Skiff does not limit the writable layer"),
            new("sysctls", s_labels),
            new("tmpfs", s_textOrTexts),
            new("tty", s_bool),
            new("ulimits", Ulimits()),
            new("use_api_socket", s_bool, Standing.Refused, "there is no API socket"),
            new("user", s_text),
            new("userns_mode", s_text),
            new("uts", s_text),
            new("volumes", Volumes()),
            new("volumes_from", s_texts),
            new("working_dir", s_text),
            new("post_start", List(Hook())),
            new("pre_stop", List(Hook()), Standing.Refused, "nothing is run before a stop: handle the stop signal in the service"),
        ]);

    private static Shape Build() =>
        Object(
            new("context", new(ShapeKind.PathOrUrl)),
            new("dockerfile", s_text),
            new("dockerfile_inline", s_text),
            new("entitlements", s_texts, Standing.Refused, "builds get no further rights"),
            new("args", s_variables),
            new("ssh", s_textOrTexts with { Long = ShortForms.PairsToList }),
            new("labels", s_labels),
            new("cache_from", s_texts, Standing.Ignored, "the cache of builds is in the store"),
            new("cache_to", s_texts, Standing.Ignored, "the cache of builds is in the store"),
            new("no_cache", s_bool),
            new("additional_contexts", s_labels),
            new("pull", s_bool),
            new("extra_hosts", Hosts()),
            new("isolation", s_text, Standing.Ignored, Windows),
            new("network", s_text),
            new("target", s_text),
            new("secrets", FileUses()),
            new("shm_size", s_bytes),
            new("tags", s_texts),
            new("ulimits", Ulimits()),
            new("platforms", s_texts),
            new("privileged", s_bool, Standing.Refused, "builds get no further rights")
        ) with
        {
            Long = static node => node.Kind == NodeKind.Text ? Single("context", node) : node,
        };

    private static Shape Develop() =>
        Object(
            new Field(
                "watch",
                List(
                    Object(
                        new Field("path", s_path) { Required = true },
                        new Field("action", Choice("rebuild", "sync", "restart", "sync+restart", "sync+exec")) { Required = true },
                        new("target", s_text),
                        new("exec", Hook()),
                        new("include", s_textOrTexts),
                        new("ignore", s_textOrTexts),
                        new("initial_sync", s_bool)
                    )
                )
            )
        );

    private static Shape BlockIo()
    {
        Shape rates = List(Object(new("path", s_text), new("rate", s_bytes)));
        return Object(
            new("weight", s_int),
            new("weight_device", List(Object(new("path", s_text), new("weight", s_int)))),
            new("device_read_bps", rates),
            new("device_read_iops", rates),
            new("device_write_bps", rates),
            new("device_write_iops", rates)
        );
    }

    private static Shape FileUses() =>
        List(
            Object(new("source", s_text), new("target", s_text), new("uid", s_word), new("gid", s_word), new("mode", Mode())) with
            {
                Long = static node => node.Kind == NodeKind.Text ? Single("source", node) : node,
            }
        ) with
        {
            Key = static item => item.TextOf("target") ?? item.TextOf("source") ?? "",
        };

    /// <summary>A file mode: a YAML number is octal when it is written so; text is read as octal.</summary>
    private static Shape Mode() =>
        s_text with
        {
            Long = static node => node.Kind == NodeKind.Int ? Node.Of("0" + Convert.ToString(node.Number, 8), node.Place) : node,
        };

    private static Shape DependsOn() =>
        Map(
            Object(
                new Field("condition", Choice("service_started", "service_healthy", "service_completed_successfully")) { Required = true },
                new("restart", s_bool),
                new("required", s_bool)
            )
        ) with
        {
            Long = ShortForms.DependsOn,
        };

    private static Shape Deploy()
    {
        Shape update = Object(
            new("parallelism", s_int),
            new("delay", s_duration),
            new("failure_action", s_text),
            new("monitor", s_duration),
            new("max_failure_ratio", s_float),
            new("order", s_text)
        );
        Shape limits = Object(
            new("cpus", s_float),
            new("memory", s_bytes),
            new("pids", s_int),
            new("devices", GpuList(), Standing.Refused, "Skiff gives no GPUs"),
            new("generic_resources", List(s_any), Standing.Ignored, Swarm)
        );
        return Object(
            new("mode", Choice("replicated", "global", "replicated-job", "global-job")),
            new("replicas", s_int),
            new("labels", s_labels, Standing.Ignored, Swarm),
            new("update_config", update, Standing.Ignored, Swarm),
            new("rollback_config", update, Standing.Ignored, Swarm),
            new("resources", Object(new("limits", limits), new("reservations", limits))),
            new(
                "restart_policy",
                Object(
                    new("condition", s_text),
                    new("delay", s_duration, Standing.Ignored, "Skiff waits longer from restart to restart, from 100 ms on"),
                    new("max_attempts", s_int),
                    new("window", s_duration, Standing.Ignored, Swarm)
                )
            ),
            new(
                "placement",
                Object(
                    new("constraints", s_texts),
                    new("preferences", List(Object(new Field("spread", s_text)))),
                    new("max_replicas_per_node", s_int)
                ),
                Standing.Ignored,
                Swarm
            ),
            new("endpoint_mode", s_text, Standing.Ignored, Swarm)
        );
    }

    private static Shape Devices() =>
        List(Object(new("source", s_text), new("target", s_text), new("permissions", s_text)) with { Long = ShortForms.Device }) with
        {
            Key = static item => item.TextOf("target") ?? "",
        };

    private static Shape EnvFiles() =>
        List(
            Object(new("path", s_path), new("required", s_bool), new("format", s_text)) with
            {
                Long = static node => node.Kind == NodeKind.Text ? Single("path", node) : node,
            }
        ) with
        {
            OneIsList = true,
            Key = static item => item.TextOf("path") ?? "",
        };

    private static Shape Extends() =>
        Object(new Field("service", s_text) { Required = true }, new("file", s_text)) with
        {
            Long = static node => node.Kind == NodeKind.Text ? Single("service", node) : node,
            Merge = MergeRule.Replace,
        };

    private static Shape Hosts() => List(s_text) with { Long = ShortForms.Hosts };

    private static Shape GpuList() =>
        List(
            Object(
                new("capabilities", s_texts),
                new("driver", s_text),
                new("count", s_int with { Long = static node => node.Text == "all" ? Node.Of(-1, node.Place) : node }),
                new("device_ids", s_words),
                new("options", s_options)
            )
        );

    private static Shape Gpus() =>
        GpuList() with
        {
            Long = static node =>
                node.Kind == NodeKind.Text && node.Text == "all" ? Node.ListOf(node.Place, Single("count", Node.Of(-1, node.Place))) : node,
        };

    private static Shape Healthcheck() =>
        Object(
            new(
                "test",
                List(s_word) with
                {
                    Merge = MergeRule.Replace,
                    Long = static node =>
                        node.IsScalar ? Node.ListOf(node.Place, Node.Of("CMD-SHELL", node.Place), Node.Of(node.Text, node.Place)) : node,
                }
            ),
            new("timeout", s_duration),
            new("interval", s_duration),
            new("retries", s_int),
            new("start_period", s_duration),
            new("start_interval", s_duration),
            new("disable", s_bool)
        );

    private static Shape Logging() => Object(new("driver", s_text), new("options", s_options)) with { Merge = MergeRule.SameDriver };

    private static Shape ServiceNetworks() =>
        Map(
            Object(
                new("aliases", s_texts),
                new("driver_opts", s_options),
                new("gw_priority", s_int),
                new("interface_name", s_text, Standing.Refused, "Skiff names the links eth0, eth1, …"),
                new("ipv4_address", s_text),
                new("ipv6_address", s_text),
                new("link_local_ips", s_texts, Standing.Refused, "Skiff gives no link-local addresses"),
                new("mac_address", s_text),
                new("priority", s_int)
            )
        ) with
        {
            Long = ShortForms.NamesToMap,
        };

    private static Shape Ports() =>
        List(
            Object(
                new("name", s_text),
                new("mode", s_text),
                new("host_ip", s_text),
                new("target", s_int),
                new("published", s_word),
                new("protocol", s_text),
                new("app_protocol", s_text)
            )
        ) with
        {
            Long = ShortForms.Ports,
            Key = static p => $"{p.TextOf("host_ip")}|{p.TextOf("target")}|{p.TextOf("published")}|{p.TextOf("protocol") ?? "tcp"}",
        };

    private static Shape Ulimits() =>
        Map(
            Object(new("single", s_int), new("soft", s_int), new("hard", s_int)) with
            {
                Long = static node => node.IsScalar ? Single("single", node) : node,
                Merge = MergeRule.Replace,
            }
        );

    private static Shape Volumes() =>
        List(
            Object(
                new Field("type", Choice("bind", "volume", "tmpfs", "cluster", "npipe", "image")) { Required = true },
                new("source", s_text),
                new("target", s_text),
                new("read_only", s_bool),
                new("consistency", s_text),
                new(
                    "bind",
                    Object(
                        new("selinux", Choice("z", "Z")),
                        new("propagation", s_text),
                        new("create_host_path", s_bool),
                        new("recursive", Choice("enabled", "disabled", "writable", "readonly"))
                    )
                ),
                new("volume", Object(new("labels", s_labels), new("nocopy", s_bool), new("subpath", s_text))),
                new("tmpfs", Object(new("size", s_bytes), new("mode", TmpfsMode()))),
                new("image", Object(new Field("subpath", s_text)))
            ) with
            {
                IsMount = true,
                Long = ShortForms.Volume,
            }
        ) with
        {
            Key = static item => (item.TextOf("target") ?? "").TrimEnd('/'),
        };

    /// <summary>Unlike other modes it is a number; text is octal.</summary>
    private static Shape TmpfsMode() =>
        s_int with
        {
            Long = static node =>
                node.Kind == NodeKind.Text && node.Text.Length is > 0 and < 8 && node.Text.All(static c => c is >= '0' and <= '7')
                    ? Node.Of(Convert.ToInt32(node.Text, 8), node.Place)
                    : node,
        };

    private static Shape Hook() =>
        Object(
            new Field("command", s_command) { Required = true },
            new("user", s_text),
            new("privileged", s_bool),
            new("working_dir", s_text),
            new("environment", s_variables)
        );
}
