using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>Takes flags one by one, in any order, by their long names, and makes <see cref="RunOptions"/> of them.</summary>
/// <remarks>The command line, the record on disk and, later, the API come in through here, so there is one grammar and one set of checks.</remarks>
public sealed partial class RunOptionsBuilder(RunOptionsContext context)
{
    private readonly List<NameValue> _env = [];
    private readonly List<EnvironmentEntry> _given = [];
    private readonly List<string> _unset = [];
    private readonly List<NameValue> _fileLabels = [];
    private readonly List<NameValue> _labels = [];
    private readonly List<ContainerMount>[] _mounts =
    [
        [],
        [],
        [],
    ];
    private readonly List<string> _aliases = [];
    private readonly List<string> _linkLocal = [];
    private string? _ip;
    private string? _ip6;
    private string? _mac;
    private RunOptions _o = new();

    /// <summary>Takes one flag; throws <see cref="SkiffException"/> for a wrong value and <see cref="ArgumentException"/> for an unknown flag.</summary>
    /// <remarks>An empty value, such as a script's variable that is not set, takes a flag back as it does in docker, where the flag has one value that is a word.</remarks>
    /// <param name="flag">The long name without dashes.</param>
    /// <param name="value">The value; <c>true</c> or <c>false</c> for a switch.</param>
    public void Set(string flag, string value)
    {
        if (
            !SetProcess(flag, value)
            && !SetNetwork(flag, value)
            && !SetStorage(flag, value)
            && !SetResource(flag, value)
            && !SetSecurity(flag, value)
        )
        {
            throw new ArgumentException($"unknown flag --{flag}", nameof(flag));
        }
    }

    private bool SetProcess(string flag, string value)
    {
        switch (flag)
        {
            case "name":
                string name = value.TrimStart('/');
                _o = _o with
                {
                    Name =
                        value.Length == 0 ? null
                        : name.Length >= 2 && MountGrammar.IsName(name) ? name
                        : throw OptionValue.Wrong(flag, value, "a name has at least two of [a-zA-Z0-9][a-zA-Z0-9_.-]"),
                };
                return true;
            case "detach":
                _o = _o with { Detach = OptionValue.Bool(flag, value) };
                return true;
            case "interactive":
                _o = _o with { Interactive = OptionValue.Bool(flag, value) };
                return true;
            case "tty":
                _o = _o with { Tty = OptionValue.Bool(flag, value) };
                return true;
            case "attach":
                _o = _o with
                {
                    Attach =
                        _o.Attach
                        | value.ToLowerInvariant() switch
                        {
                            "stdin" => StandardStreams.Stdin,
                            "stdout" => StandardStreams.Stdout,
                            "stderr" => StandardStreams.Stderr,
                            _ => throw OptionValue.Wrong(flag, value, "expected stdin, stdout or stderr"),
                        },
                };
                return true;
            case "env":
                _given.Add(Environment(value));
                return true;
            case "env-file":
                _env.AddRange(KeyValueFile.Parse(flag, value, context.ReadFile(value), context.Variable));
                return true;
            case "unsetenv":
                _unset.Add(value);
                return true;
            case "unsetenv-all":
                _o = _o with { UnsetAllEnvironment = OptionValue.Bool(flag, value) };
                return true;
            case "workdir":
                _o = _o with
                {
                    Workdir =
                        value.StartsWith('/') ? OptionValue.CleanPath(value)
                        : value.Length == 0 ? null
                        : throw OptionValue.Wrong(flag, value, "the working directory must be an absolute path"),
                };
                return true;
            case "user":
                _o = _o with
                {
                    User =
                        value.Length == 0 ? null
                        : value == ":" ? throw OptionValue.Wrong(flag, value, "expected name|uid[:group|gid]")
                        : value,
                };
                return true;
            case "group-add":
                _o = _o with
                {
                    GroupAdd =
                        value.Length == 0
                            ? throw OptionValue.Wrong(flag, value, "expected a group name or number")
                            : _o.GroupAdd.Add(value),
                };
                return true;
            case "rm":
                _o = _o with { Remove = OptionValue.Bool(flag, value) };
                return true;
            case "rmi":
                _o = _o with { RemoveImage = OptionValue.Bool(flag, value) };
                return true;
            case "replace":
                _o = _o with { Replace = OptionValue.Bool(flag, value) };
                return true;
            case "restart":
                _o = _o with { Restart = OptionGrammar.ParseRestart(value) };
                return true;
            case "hostname":
                _o = _o with { Hostname = value.Length == 0 ? null : HostnameText(flag, value) };
                return true;
            case "domainname":
                _o = _o with { Domainname = value.Length == 0 ? null : HostnameText(flag, value) };
                return true;
            case "entrypoint":
                _o = _o with { Entrypoint = OptionGrammar.ParseEntrypoint(value) };
                return true;
            case "init":
                _o = _o with { Init = OptionValue.Bool(flag, value) };
                return true;
            case "stop-signal":
                _o = _o with
                {
                    StopSignal =
                        value.Length == 0 ? null
                        : SignalName.TryParse(value, out int signal) ? SignalName.Format(signal)
                        : throw OptionValue.Wrong(flag, value, "expected a signal such as SIGTERM, SIGRTMIN+3 or 15"),
                };
                return true;
            case "stop-timeout":
                _o = _o with { StopTimeout = (int)OptionValue.Integer(flag, value, -1, int.MaxValue, "seconds") };
                return true;
            case "annotation":
                _o = _o with { Annotations = Put(_o.Annotations, OptionValue.Pair(flag, value)) };
                return true;
            case "label":
                _labels.Add(Label(value));
                return true;
            case "label-file":
                _fileLabels.AddRange(KeyValueFile.Parse(flag, value, context.ReadFile(value), static _ => ""));
                return true;
            case "sig-proxy":
                _o = _o with { SigProxy = OptionValue.Bool(flag, value) };
                return true;
            case "detach-keys":
                _o = _o with { DetachKeys = OptionGrammar.ParseDetachKeys(value) };
                return true;
            case "timeout":
                _o = _o with { Timeout = (int)OptionValue.Integer(flag, value, 0, int.MaxValue, "seconds") };
                return true;
            case "umask":
                _o = _o with { Umask = Octal(flag, value) };
                return true;
            case "tz":
                bool bad = value.Length == 0 || value[0] == '/' || value.Contains("..", StringComparison.Ordinal);
                _o = _o with
                {
                    Timezone = bad ? throw OptionValue.Wrong(flag, value, "expected local or a zone such as Europe/Berlin") : value,
                };
                return true;
            case "cidfile":
                _o = _o with { CidFile = value.Length == 0 ? null : Absolute(flag, value) };
                return true;
            case "pidfile":
                _o = _o with { PidFile = value.Length == 0 ? null : Absolute(flag, value) };
                return true;
            case "rootfs":
                _o = _o with { Rootfs = Absolute(flag, value) };
                return true;
            case "platform":
                _o = _o with { Platform = value.Length == 0 ? null : value };
                return true;
            case "pull":
                _o = _o with
                {
                    Pull = value switch
                    {
                        "missing" or "" => PullPolicy.Missing,
                        "always" => PullPolicy.Always,
                        "never" => PullPolicy.Never,
                        "newer" => PullPolicy.Newer,
                        _ => throw OptionValue.Wrong(flag, value, "expected always, missing, never or newer"),
                    },
                };
                return true;
            case "quiet":
                _o = _o with { Quiet = OptionValue.Bool(flag, value) };
                return true;
            case "tls-verify":
                _o = _o with { TlsVerify = OptionValue.Bool(flag, value) };
                return true;
            default:
                return SetHealth(flag, value);
        }
    }

    private bool SetHealth(string flag, string value)
    {
        switch (flag)
        {
            case "health-cmd":
                _o = _o with { HealthCommand = value.Length == 0 ? null : value };
                return true;
            case "health-interval":
                _o = _o with { HealthInterval = HealthTime(flag, value) };
                return true;
            case "health-timeout":
                _o = _o with { HealthTimeout = HealthTime(flag, value) };
                return true;
            case "health-start-period":
                _o = _o with { HealthStartPeriod = HealthTime(flag, value) };
                return true;
            case "health-start-interval":
                _o = _o with { HealthStartInterval = HealthTime(flag, value) };
                return true;
            case "health-retries":
                _o = _o with { HealthRetries = (int)OptionValue.Integer(flag, value, 0, int.MaxValue) };
                return true;
            case "no-healthcheck":
                _o = _o with { NoHealthcheck = OptionValue.Bool(flag, value) };
                return true;
            case "health-on-failure":
                _o = _o with
                {
                    HealthOnFailure = value switch
                    {
                        "none" => HealthAction.None,
                        "kill" => HealthAction.Kill,
                        "restart" => HealthAction.Restart,
                        "stop" => HealthAction.Stop,
                        _ => throw OptionValue.Wrong(flag, value, "expected none, kill, restart or stop"),
                    },
                };
                return true;
            case "log-driver":
                _o = _o with
                {
                    LogDriver =
                        value.Length == 0 ? null
                        : value is "json-file" or "local" or "journald" or "none" ? value
                        : throw OptionValue.Wrong(flag, value, "expected json-file, local, journald or none"),
                };
                return true;
            case "log-opt":
                _o = _o with { LogOptions = Put(_o.LogOptions, OptionValue.Pair(flag, value)) };
                return true;
            default:
                return false;
        }
    }

    private EnvironmentEntry Environment(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals == 0 || text.Length == 0 ? throw OptionValue.Wrong("env", text, "expected NAME=value or NAME")
            : equals > 0 ? new EnvironmentEntry(text[..equals], text[(equals + 1)..])
            : new EnvironmentEntry(text, context.Variable(text));
    }

    private static NameValue Label(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals == 0 || text.Length == 0 ? throw OptionValue.Wrong("label", text, "expected name=value or name")
            : equals > 0 ? new NameValue(text[..equals], text[(equals + 1)..])
            : new NameValue(text, "");
    }

    /// <summary>0 stands for the default; less than a millisecond would keep a processor busy, docker's bound.</summary>
    private static TimeSpan HealthTime(string flag, string value)
    {
        TimeSpan time = OptionValue.Duration(flag, value);
        return time == TimeSpan.Zero || time >= TimeSpan.FromMilliseconds(1)
            ? time
            : throw OptionValue.Wrong(flag, value, "the smallest possible value is 1ms");
    }

    private static string HostnameText(string flag, string value)
    {
        bool good = value.Length is > 0 and <= 64 && value[0] != '-' && value[0] != '.';
        foreach (char c in value)
        {
            good &= char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_';
        }
        return good
            ? value
            : throw OptionValue.Wrong(flag, value, "expected at most 64 letters, digits, hyphens and dots (sethostname(2))");
    }

    private static uint Octal(string flag, string value)
    {
        uint number = 0;
        foreach (char c in value)
        {
            number = c is >= '0' and <= '7' && number <= 0x1FF ? (number * 8) + (uint)(c - '0') : uint.MaxValue;
        }
        return value.Length > 0 && number <= 0x1FF ? number : throw OptionValue.Wrong(flag, value, "expected an octal mask such as 0022");
    }

    private string Absolute(string flag, string value) =>
        value.Length == 0
            ? throw OptionValue.Wrong(flag, value, "expected a path")
            : OptionValue.CleanPath(value[0] == '/' ? value : $"{context.Directory}/{value}");

    /// <summary>Sets a name in an ordered list; the last value wins and keeps the first one's place.</summary>
    private static ValueList<NameValue> Put(ValueList<NameValue> list, NameValue pair)
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i].Name == pair.Name)
            {
                NameValue[] copy = list.AsSpan().ToArray();
                copy[i] = pair;
                return new ValueList<NameValue>(copy);
            }
        }
        return list.Add(pair);
    }
}
