using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>Grammar of <c>--security-opt</c>.</summary>
public static class SecurityGrammar
{
    /// <summary>Adds one <c>--security-opt</c> to <paramref name="options"/>.</summary>
    /// <param name="options">What was said before.</param>
    /// <param name="text">The value.</param>
    /// <param name="directory">Where relative profile paths start.</param>
    public static SecurityOptions Apply(SecurityOptions options, string text, string directory)
    {
        // docker still reads the old separator, and its documentation of no-new-privileges:true uses it.
        int split = text.AsSpan().IndexOfAny('=', ':');
        string key = split < 0 ? text : text[..split];
        string value = split < 0 ? "" : text[(split + 1)..];
        switch (key)
        {
            case "no-new-privileges":
                return options with { NoNewPrivileges = value.Length == 0 || OptionValue.Bool("security-opt", value) };
            case "seccomp" when value is "builtin" or "default":
                return options with { Seccomp = null };
            case "seccomp" when value.Length > 0:
                return options with
                {
                    Seccomp = value == "unconfined" ? value : OptionValue.CleanPath(value[0] == '/' ? value : $"{directory}/{value}"),
                };
            case "apparmor" when value.Length > 0:
                return options with { AppArmor = value };
            case "label" when IsLabel(value):
                return options with { Labels = options.Labels.Add(value) };
            case "label":
                throw Wrong(text, "label= takes disable, nested, user:…, role:…, type:…, level:… or filetype:…");
            case "mask":
                return options with { Mask = Paths(text, options.Mask, value, all: false) };
            case "unmask":
                return options with { Unmask = Paths(text, options.Unmask, value, all: true) };
            case "systempaths" when value == "unconfined":
                return options with { SystemPathsUnconfined = true };
            case "writable-cgroups":
                return options with { WritableCgroups = value.Length == 0 || OptionValue.Bool("security-opt", value) };
            default:
                throw Wrong(
                    text,
                    "expected no-new-privileges, seccomp=unconfined|FILE, apparmor=PROFILE, label=…, mask=PATH, unmask=ALL|PATH, systempaths=unconfined or writable-cgroups=true"
                );
        }
    }

    /// <summary>The values that say the same.</summary>
    public static IEnumerable<string> Format(SecurityOptions options)
    {
        if (options.NoNewPrivileges)
        {
            yield return "no-new-privileges";
        }
        if (options.Seccomp is not null)
        {
            yield return "seccomp=" + options.Seccomp;
        }
        if (options.AppArmor is not null)
        {
            yield return "apparmor=" + options.AppArmor;
        }
        foreach (string label in (IEnumerable<string>)options.Labels)
        {
            yield return "label=" + label;
        }
        if (!options.Mask.IsEmpty)
        {
            yield return "mask=" + string.Join(':', (IEnumerable<string>)options.Mask);
        }
        if (!options.Unmask.IsEmpty)
        {
            yield return "unmask=" + string.Join(':', (IEnumerable<string>)options.Unmask);
        }
        if (options.SystemPathsUnconfined)
        {
            yield return "systempaths=unconfined";
        }
        if (options.WritableCgroups)
        {
            yield return "writable-cgroups=true";
        }
    }

    private static bool IsLabel(string value)
    {
        int colon = value.IndexOf(':', StringComparison.Ordinal);
        return value is "disable" or "nested"
            || (colon > 0 && value[..colon] is "user" or "role" or "type" or "level" or "filetype" && colon < value.Length - 1);
    }

    private static ValueList<string> Paths(string text, ValueList<string> before, string value, bool all)
    {
        ValueList<string> result = before;
        foreach (string path in value.Split(':'))
        {
            bool everything = all && path.Equals("all", StringComparison.OrdinalIgnoreCase);
            if (!everything && !path.StartsWith('/'))
            {
                throw Wrong(
                    text,
                    all ? "unmask= takes ALL or absolute paths separated by colons" : "mask= takes absolute paths separated by colons"
                );
            }
            result = result.Add(everything ? "ALL" : OptionValue.CleanPath(path));
        }
        return result;
    }

    private static SkiffException Wrong(string text, string allowed) => OptionValue.Wrong("security-opt", text, allowed);
}
