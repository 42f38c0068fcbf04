using Skiff.CommandLine;
using Skiff.Engine.Spec;

namespace Skiff.Commands.Run;

/// <summary>The flags of <c>run</c> and <c>create</c>: one table for the parser, the help, the completion and the man page, and the way from a command line to <see cref="RunOptions"/>.</summary>
internal static partial class RunFlags
{
    /// <summary>All flags; <c>--detach</c> and those that only matter to an attached run are left out for <c>create</c>.</summary>
    public static IReadOnlyList<Flag> All(bool create = false)
    {
        List<Flag> flags = new(128);
        Process(flags);
        Image(flags);
        Network(flags);
        Storage(flags);
        Resources(flags);
        Security(flags);
        Health(flags);
        Other(flags);
        if (create)
        {
            flags.RemoveAll(static flag => flag.Name is "detach" or "detach-keys" or "sig-proxy");
        }
        return flags;
    }

    /// <summary>The options that a command line asks for; with <c>--rootfs</c> every word belongs to the command.</summary>
    /// <exception cref="Linux.SkiffException">A value is wrong or two flags contradict each other; exit code 125.</exception>
    public static RunOptions Options(Invocation invocation, RunOptionsContext context)
    {
        RunOptionsBuilder builder = new(context);
        foreach ((Flag flag, string value) in invocation.Given)
        {
            if (flag.Name is not ("trace" or "json")) // how to show it, not what to run
            {
                builder.Set(flag.Name, value);
            }
        }
        IReadOnlyList<string> words = invocation.Arguments;
        bool image = !invocation.Has("rootfs");
        if (image && words.Count == 0)
        {
            throw invocation.Usage($"'skiff {invocation.Path}' needs an image: skiff {invocation.Path} {invocation.Command.Usage}", 1);
        }
        int first = image ? 1 : 0;
        string[] arguments = new string[words.Count - first];
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = words[i + first];
        }
        return builder.Build(image ? words[0] : null, arguments);
    }

    private static void Process(List<Flag> flags)
    {
        flags.Add(Flag.Text("name", "Assign a name to the container"));
        flags.Add(Flag.Bool("detach", "Run the container in the background and print its ID", 'd'));
        flags.Add(Flag.List("env", "Set an environment variable, or take it from the caller: NAME=value or NAME", 'e'));
        flags.Add(Flag.List("env-file", "Read environment variables from a file") with { Completes = Completion.File });
        flags.Add(Flag.List("unsetenv", "Remove an environment variable of the image"));
        flags.Add(Flag.Bool("unsetenv-all", "Remove all environment variables of the image"));
        flags.Add(Flag.Bool("tty", "Allocate a pseudo-terminal", 't'));
        flags.Add(Flag.Bool("interactive", "Keep stdin open", 'i'));
        flags.Add(Flag.List("attach", "Attach to stdin, stdout or stderr", 'a') with { Choices = ["stdin", "stdout", "stderr"] });
        flags.Add(Flag.Text("detach-keys", "Key sequence that detaches the terminal") with { Default = "ctrl-p,ctrl-q" });
        flags.Add(Flag.Bool("sig-proxy", "Pass received signals on to the process") with { Default = "true" });
        flags.Add(Flag.Bool("rm", "Remove the container and its anonymous volumes when it exits"));
        flags.Add(Flag.Bool("rmi", "Remove the image too, unless other containers use it"));
        flags.Add(Flag.Bool("replace", "Remove a container of the same name first"));
        flags.Add(Flag.Text("workdir", "Working directory in the container", 'w'));
        flags.Add(Flag.Text("user", "User and group: name|uid[:group|gid]", 'u'));
        flags.Add(Flag.List("group-add", "Join a further group"));
        flags.Add(
            Flag.Text("restart", "Restart policy: no, always, unless-stopped, on-failure[:max]") with
            {
                Default = "no",
                Choices = ["no", "always", "unless-stopped", "on-failure"],
            }
        );
        flags.Add(Flag.Text("hostname", "Host name in the container", 'h'));
        flags.Add(Flag.Text("domainname", "NIS domain name in the container"));
        flags.Add(Flag.Text("entrypoint", "Overwrite the image's ENTRYPOINT"));
        flags.Add(Flag.Bool("init", "Run a small init that forwards signals and reaps processes"));
        flags.Add(Flag.Text("stop-signal", "Signal that stops the container") with { Completes = Completion.Signal });
        flags.Add(Flag.Number("stop-timeout", "Seconds to wait before a stop kills the container"));
        flags.Add(Flag.Number("timeout", "Kill the container after so many seconds"));
        flags.Add(Flag.List("annotation", "Add an annotation to the runtime specification"));
        flags.Add(Flag.List("label", "Set a label", 'l'));
        flags.Add(Flag.List("label-file", "Read labels from a file") with { Completes = Completion.File });
        flags.Add(Flag.Text("umask", "File creation mask of the process") with { Default = "0022" });
        flags.Add(Flag.Text("tz", "Time zone, or local for the host's"));
        flags.Add(Flag.Text("cidfile", "Write the container's ID to a file") with { Completes = Completion.File });
        flags.Add(Flag.Text("pidfile", "Write the process ID to a file") with { Completes = Completion.File });
        flags.Add(
            Flag.Text("rootfs", "Use a directory as root file system instead of an image", valueName: "dir") with
            {
                Completes = Completion.Directory,
            }
        );
    }

    private static void Image(List<Flag> flags)
    {
        flags.Add(Flag.Text("platform", "Platform of the image: os/architecture[/variant]"));
        flags.Add(
            Flag.Text("pull", "When to pull the image") with
            {
                Default = "missing",
                Choices = ["always", "missing", "never", "newer"],
            }
        );
        flags.Add(Flag.Bool("quiet", "Show no progress of the pull", 'q'));
        flags.Add(Flag.Bool("tls-verify", "Require TLS with a valid certificate from the registry") with { Default = "true" });
    }

    private static void Network(List<Flag> flags)
    {
        flags.Add(Flag.List("publish", "Publish a port to the host: [ip:][host:]container[/protocol]", 'p'));
        flags.Add(Flag.Bool("publish-all", "Publish every exposed port on a free port of the host", 'P'));
        flags.Add(Flag.List("expose", "Expose a port or a range of ports"));
        flags.Add(
            Flag.List("network", "Network: bridge, none, host, container:ID, ns:PATH or a name", valueName: "network") with
            {
                Alias = "net",
                Completes = Completion.Network,
            }
        );
        flags.Add(Flag.List("network-alias", "Further name of the container on its network") with { Alias = "net-alias" });
        flags.Add(Flag.Text("ip", "IPv4 address, such as 172.30.100.104"));
        flags.Add(Flag.Text("ip6", "IPv6 address, such as 2001:db8::33"));
        flags.Add(Flag.List("link-local-ip", "Refused: Skiff gives no link-local addresses") with { Hidden = true });
        flags.Add(Flag.Text("mac-address", "Hardware address, such as 92:d0:c6:0a:29:33"));
        flags.Add(Flag.List("add-host", "Add a line to the hosts file: name:ip, or name:host-gateway"));
        flags.Add(Flag.List("dns", "Set a name server"));
        flags.Add(Flag.List("dns-option", "Set an option of the resolver") with { Alias = "dns-opt" });
        flags.Add(Flag.List("dns-search", "Set a search domain"));
        flags.Add(Flag.List("link", "Add a link to another container") with { Completes = Completion.Container });
        flags.Add(Flag.Bool("no-hosts", "Leave the image's /etc/hosts alone"));
        flags.Add(Flag.Bool("no-hostname", "Leave the image's /etc/hostname alone"));
    }

    private static void Storage(List<Flag> flags)
    {
        flags.Add(
            Flag.List("volume", "Mount a directory or volume: [source:]target[:ro,z,U,O,idmap,…]", 'v') with
            {
                Completes = Completion.Volume,
            }
        );
        flags.Add(Flag.List("mount", "Mount anything: type=bind|volume|tmpfs|image,source=…,target=…", valueName: "mount"));
        flags.Add(Flag.List("tmpfs", "Mount memory: target[:size=64m,mode=1777,…]"));
        flags.Add(
            Flag.List("volumes-from", "Mount the volumes of another container: container[:ro]") with
            {
                Completes = Completion.Container,
            }
        );
        flags.Add(
            Flag.List("secret", "Give a secret: name[,type=mount|env][,target=…][,uid=,gid=,mode=]", valueName: "secret") with
            {
                Completes = Completion.Secret,
            }
        );
        flags.Add(Flag.Bool("read-only", "Mount the root file system read-only"));
        flags.Add(Flag.Bool("read-only-tmpfs", "With --read-only: writable memory on /run, /tmp and /var/tmp"));
        flags.Add(Flag.Text("shm-size", "Size of /dev/shm", valueName: "bytes") with { Default = "64m" });
        flags.Add(Flag.List("storage-opt", "Refused: the writable layer is not limited") with { Hidden = true });
        flags.Add(Flag.Text("volume-driver", "Driver of new volumes"));
    }
}
