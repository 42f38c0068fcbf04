using Skiff.CommandLine;
using Skiff.Engine.Rootless;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Commands.Boot;

/// <summary>The unit of systemd that starts a store's containers at boot, systemd.service(5).</summary>
internal sealed class BootUnit
{
    private static readonly bool s_ofUser = RootlessUser.Current is not null;
    private readonly string _root;
    private readonly string _command;

    private BootUnit(string root, string command)
    {
        _root = root;
        _command = command;
    }

    /// <summary>True when systemd runs this host, sd_booted(3).</summary>
    public static bool HasSystemd => Files.Exists("/run/systemd/system");

    private static string DefaultRoot => s_ofUser ? RootlessUser.DataRoot() : "/var/lib/skiff";

    /// <summary>Where units are: root's, or an ordinary user's, whose own systemd starts them.</summary>
    private static string Directory =>
        !s_ofUser ? "/etc/systemd/system"
        : Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } config ? config + "/systemd/user"
        : Environment.GetEnvironmentVariable("HOME") + "/.config/systemd/user";

    /// <summary>The unit's name: one per store.</summary>
    public string Name => _root == DefaultRoot ? "skiff-boot.service" : $"skiff-boot-{_root.Trim('/').Replace('/', '-')}.service";

    /// <summary>Where the unit is.</summary>
    public string Path => $"{Directory}/{Name}";

    /// <summary>True when it is there.</summary>
    public bool IsInstalled => Files.Exists(Path);

    /// <summary>The unit of the store that the flags before the verb name.</summary>
    public static BootUnit Of(Globals globals)
    {
        string root = System.IO.Path.GetFullPath(globals.Root ?? DefaultRoot);
        string program =
            Files.TryReadLink("/proc/self/exe", out int errno) ?? throw new LinuxException("readlink", "/proc/self/exe", errno);
        string flags =
            (globals.Root is null ? "" : $" --root {Quote(root)}")
            + (globals.Runroot is null ? "" : $" --runroot {Quote(System.IO.Path.GetFullPath(globals.Runroot))}");
        return new BootUnit(root, $"{Quote(program)}{flags} system boot start");
    }

    /// <summary>Writes and enables it; a second time replaces it.</summary>
    public void Install()
    {
        if (s_ofUser)
        {
            System.IO.Directory.CreateDirectory(Directory);
        }
        Files.Replace(Path, System.Text.Encoding.UTF8.GetBytes(Text()), 0x1A4, durable: true);
        Systemctl("daemon-reload");
        Systemctl("enable", Name);
    }

    /// <summary>Disables and removes it. What runs goes on.</summary>
    public void Uninstall()
    {
        if (HasSystemd)
        {
            Systemctl("disable", Name);
        }
        _ = Files.TryRemove(Path);
        if (HasSystemd)
        {
            Systemctl("daemon-reload");
        }
    }

    /// <summary>What to do by hand where there is no systemd.</summary>
    public string Instructions() =>
        $"""
            # cron: add this line with "crontab -e"{(s_ofUser ? "" : " as root")}
            @reboot {_command}

            # OpenRC: write this to /etc/local.d/skiff.start, then: chmod +x /etc/local.d/skiff.start && rc-update add local
            #!/bin/sh
            {_command}

            # System V init: append this line to /etc/rc.local, before "exit 0"
            {_command}

            """;

    private string Text()
    {
        string bridge = Environment.GetEnvironmentVariable("SKIFF_BRIDGE") is { Length: > 0 } name
            ? $"\nEnvironment=SKIFF_BRIDGE={name}"
            : "";
        // A user's systemd starts at the first login, or, after loginctl enable-linger, at boot; it knows no targets of the host's.
        string after = s_ofUser ? "" : "\nAfter=network-online.target local-fs.target\nWants=network-online.target";
        // The monitors stay in the unit's cgroup: when the host goes down they are asked to stop their containers, and have the time for it.
        return $"""
            [Unit]
            Description=Containers of Skiff in {_root} whose restart policy asks for a start at boot{after}
            RequiresMountsFor={Quote(_root)}

            [Service]
            Type=oneshot
            RemainAfterExit=yes
            ExecStart={_command}{bridge}
            TimeoutStartSec=infinity
            TimeoutStopSec=120

            [Install]
            WantedBy={(s_ofUser ? "default" : "multi-user")}.target

            """;
    }

    private static void Systemctl(params string[] arguments)
    {
        (int code, _) =
            HelperProgram.TryRun("systemctl", s_ofUser ? ["--user", .. arguments] : arguments, [])
            ?? throw new SkiffException("systemctl was not found in PATH, though systemd runs this host");
        if (code != 0)
        {
            throw new SkiffException($"systemctl {string.Join(' ', arguments)} ended with {code}: its own words are above");
        }
    }

    /// <summary>As systemd, cron and shells read a word in double quotes.</summary>
    private static string Quote(string word) =>
        word.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.')
            ? word
            : $"\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
