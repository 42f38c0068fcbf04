using System.Globalization;
using System.Text;
using Skiff.Engine.Secrets;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>podman's <c>--secret NAME[,type=mount|env][,target=…][,uid=…][,gid=…][,mode=…]</c>.</summary>
public static class SecretGrammar
{
    private const string Flag = "secret";
    private const string Form = "expected NAME[,type=mount|env][,target=PATH|VARIABLE][,uid=N][,gid=N][,mode=0400]";

    /// <summary>Reads one value.</summary>
    public static SecretUse Parse(string text)
    {
        string name = "";
        string type = "mount";
        string target = "";
        string? fileOnly = null;
        SecretUse use = new() { Name = "", Target = "" };
        IReadOnlyList<string> fields = Csv.Split(Flag, text);
        for (int i = 0; i < fields.Count; i++)
        {
            int equals = fields[i].IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? fields[i] : fields[i][..equals];
            string value = equals < 0 ? "" : fields[i][(equals + 1)..];
            if (equals < 0)
            {
                name = i == 0 ? key : throw OptionValue.Wrong(Flag, text, Form);
                continue;
            }
            switch (key)
            {
                case "source" or "id":
                    name = value;
                    break;
                case "type":
                    type = value is "mount" or "env" ? value : throw OptionValue.Wrong(Flag, text, "type is mount or env");
                    break;
                case "target":
                    target = value;
                    break;
                case "uid" or "UID":
                    use = use with { Uid = Id(text, value) };
                    fileOnly = key;
                    break;
                case "gid" or "GID":
                    use = use with { Gid = Id(text, value) };
                    fileOnly = key;
                    break;
                case "mode":
                    use = use with { Mode = Mode(text, value) };
                    fileOnly = key;
                    break;
                default:
                    throw OptionValue.Wrong(Flag, text, Form);
            }
        }
        if (!SecretName.IsValid(name))
        {
            throw OptionValue.Wrong(
                Flag,
                text,
                name.Length == 0 ? "the name of a secret is missing" : $"\"{name}\" cannot be the name of a secret"
            );
        }
        if (type == "env")
        {
            return fileOnly is null
                ? use with
                {
                    Name = name,
                    IsVariable = true,
                    Target = Variable(text, target.Length == 0 ? name : target),
                }
                : throw OptionValue.Wrong(Flag, text, $"{fileOnly} is for files, a variable has none");
        }
        return use with { Name = name, Target = PathOf(text, target.Length == 0 ? name : target) };
    }

    /// <summary>The value that <see cref="Parse"/> reads again.</summary>
    public static string Format(SecretUse use)
    {
        StringBuilder line = new();
        Csv.Append(line, use.Name);
        if (use.IsVariable)
        {
            Csv.Append(line, "type=env");
        }
        if (use.Target != (use.IsVariable ? use.Name : $"{SecretUse.Directory}/{use.Name}"))
        {
            Csv.Append(line, "target=" + use.Target);
        }
        if (use.Uid != 0)
        {
            Csv.Append(line, "uid=" + use.Uid.ToString(CultureInfo.InvariantCulture));
        }
        if (use.Gid != 0)
        {
            Csv.Append(line, "gid=" + use.Gid.ToString(CultureInfo.InvariantCulture));
        }
        if (use.Mode != SecretUse.DefaultMode)
        {
            Csv.Append(line, "mode=0" + Convert.ToString(use.Mode, 8));
        }
        return line.ToString();
    }

    /// <summary>Refuses what two secrets, or a secret and a mount, cannot both have.</summary>
    /// <param name="secrets">All secrets of a container.</param>
    /// <exception cref="SkiffException">Two have the same target, or one lies inside of another; exit code 125.</exception>
    public static void Check(ValueList<SecretUse> secrets)
    {
        for (int i = 0; i < secrets.Count; i++)
        {
            for (int k = 0; k < i; k++)
            {
                (SecretUse a, SecretUse b) = (secrets[k], secrets[i]);
                if (
                    a.IsVariable == b.IsVariable
                    && (a.Target == b.Target || (!a.IsVariable && (IsInside(a.Target, b.Target) || IsInside(b.Target, a.Target))))
                )
                {
                    throw new SkiffException(
                        a.Target == b.Target
                            ? $"two secrets have the target {a.Target}: give one of them another with target="
                            : $"the secrets {a.Name} and {b.Name} have the targets {a.Target} and {b.Target}: one cannot be inside of the other",
                        125
                    );
                }
            }
        }
    }

    private static bool IsInside(string path, string directory) => path.StartsWith(directory + "/", StringComparison.Ordinal);

    private static string Variable(string text, string name) =>
        name.AsSpan().IndexOfAny('=', ',', '\0') < 0
            ? name
            : throw OptionValue.Wrong(Flag, text, "the name of a variable has no '=' and no ','");

    private static string PathOf(string text, string target)
    {
        if (target.Contains('\0'))
        {
            throw OptionValue.Wrong(Flag, text, "a path has no zero byte");
        }
        string path = OptionValue.CleanPath(target[0] == '/' ? target : $"{SecretUse.Directory}/{target}");
        return path is "/" or SecretUse.Directory
            ? throw OptionValue.Wrong(Flag, text, $"the target is a file; {path} is a directory")
            : path;
    }

    private static uint Id(string text, string value) =>
        uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id != uint.MaxValue
            ? id
            : throw OptionValue.Wrong(Flag, text, "uid and gid are numbers");

    private static uint Mode(string text, string value)
    {
        uint mode = 0;
        foreach (char c in value)
        {
            mode = c is >= '0' and <= '7' && mode <= 0xFFF ? (mode * 8) + (uint)(c - '0') : uint.MaxValue;
        }
        return value.Length > 0 && mode <= 0xFFF ? mode : throw OptionValue.Wrong(Flag, text, "mode is an octal number such as 0400");
    }
}
