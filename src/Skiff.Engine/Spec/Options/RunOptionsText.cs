using System.Globalization;
using System.Text;

namespace Skiff.Engine.Spec;

/// <summary>Turns <see cref="RunOptions"/> back into flags: for the command line of <c>inspect --run-command</c> and for the record on disk.</summary>
public static partial class RunOptionsText
{
    /// <summary>The flags that ask for <paramref name="o"/> again, in docker's order of groups; <see cref="RunOptionsBuilder.Set"/> takes each. What has its default is left out.</summary>
    public static IReadOnlyList<NameValue> Flags(RunOptions o)
    {
        List<NameValue> f = [];
        Process(f, o);
        Network(f, o);
        Storage(f, o);
        Resources(f, o);
        Security(f, o);
        Health(f, o);
        return f;
    }

    /// <summary>A command for a POSIX shell that creates the container again.</summary>
    /// <param name="o">What was asked.</param>
    /// <param name="program">The words before the flags, such as <c>skiff run</c>.</param>
    public static string ToCommandLine(RunOptions o, string program = "skiff run")
    {
        StringBuilder line = new(program);
        foreach (string word in ToWords(o))
        {
            line.Append(' ');
            Quote(line, word);
        }
        return line.ToString();
    }

    /// <summary>The words after the verb: flags, image, arguments.</summary>
    public static IReadOnlyList<string> ToWords(RunOptions o)
    {
        List<string> words = [];
        foreach (NameValue flag in Flags(o))
        {
            if (flag.Value == "true" && IsSwitch(flag.Name))
            {
                words.Add("--" + flag.Name);
            }
            else if (flag.Value.Length == 0 || flag.Value[0] == '-' || IsSwitch(flag.Name))
            {
                words.Add($"--{flag.Name}={flag.Value}");
            }
            else
            {
                words.Add("--" + flag.Name);
                words.Add(flag.Value);
            }
        }
        if (o.Image is not null)
        {
            words.Add(o.Image);
        }
        else if (!o.Arguments.IsEmpty)
        {
            words.Add("--");
        }
        words.AddRange(o.Arguments);
        return words;
    }

    /// <summary>True for flags that take no value.</summary>
    public static bool IsSwitch(string flag) =>
        flag
            is "detach"
                or "interactive"
                or "tty"
                or "unsetenv-all"
                or "rm"
                or "rmi"
                or "replace"
                or "init"
                or "sig-proxy"
                or "quiet"
                or "tls-verify"
                or "publish-all"
                or "no-hosts"
                or "no-hostname"
                or "read-only"
                or "read-only-tmpfs"
                or "oom-kill-disable"
                or "privileged"
                or "no-healthcheck";

    private static void Quote(StringBuilder line, string word)
    {
        bool plain = word.Length > 0;
        foreach (char c in word)
        {
            plain &= char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '=' or ',' or '@' or '+' or '%';
        }
        if (plain)
        {
            line.Append(word);
        }
        else
        {
            line.Append('\'').Append(word.Replace("'", "'\\''", StringComparison.Ordinal)).Append('\'');
        }
    }

    private static void Switch(List<NameValue> f, string name, bool on, bool normal = false)
    {
        if (on != normal)
        {
            f.Add(new NameValue(name, on ? "true" : "false"));
        }
    }

    private static void Text(List<NameValue> f, string name, string? value)
    {
        if (value is not null)
        {
            f.Add(new NameValue(name, value));
        }
    }

    private static void Number(List<NameValue> f, string name, long? value) => Text(f, name, value?.ToString(CultureInfo.InvariantCulture));

    private static void Bytes(List<NameValue> f, string name, long? value) =>
        Text(
            f,
            name,
            value is null ? null
                : value < 0 ? "-1"
                : ByteSize.Format(value.Value)
        );

    private static void Time(List<NameValue> f, string name, TimeSpan? value) =>
        Text(f, name, value is null ? null : GoDuration.Format(value.Value));

    private static void List(List<NameValue> f, string name, ValueList<string> values)
    {
        foreach (string value in values)
        {
            f.Add(new NameValue(name, value));
        }
    }

    private static void Pairs(List<NameValue> f, string name, ValueList<NameValue> values)
    {
        foreach (NameValue value in values)
        {
            f.Add(new NameValue(name, value.ToString()));
        }
    }

    private static void Mode(List<NameValue> f, string name, NamespaceMode mode) =>
        Text(f, name, mode.Kind == NamespaceKind.Default ? null : OptionGrammar.Format(mode));

    private static void Devices(List<NameValue> f, string name, ValueList<DeviceValue> values)
    {
        foreach (DeviceValue value in values)
        {
            f.Add(new NameValue(name, OptionGrammar.Format(name, value)));
        }
    }
}
