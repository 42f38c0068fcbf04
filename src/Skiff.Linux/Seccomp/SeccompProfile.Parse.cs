using System.Text.Json;
using Skiff.Linux.Capabilities;

namespace Skiff.Linux.Seccomp;

public sealed partial record SeccompProfile
{
    private static readonly (string Name, uint Bit)[] s_flags =
    [
        ("SECCOMP_FILTER_FLAG_TSYNC", 1),
        ("SECCOMP_FILTER_FLAG_LOG", 2),
        ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4),
        ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 32),
    ];

    /// <summary>The policy that containers have by default.</summary>
    public static SeccompProfile BuiltIn() => DefaultProfile.Create();

    /// <summary>Reads docker's profile format (<c>--security-opt seccomp=FILE</c>) or the <c>linux.seccomp</c> object of an OCI spec: the second is the first without conditions.</summary>
    /// <param name="json">The document, at most 1 MiB.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    public static SeccompProfile Parse(ReadOnlyMemory<byte> json, string source)
    {
        if (json.Length > 1 << 20)
        {
            throw Bad(source, "it is larger than 1 MiB");
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            return Read(document.RootElement, source);
        }
        catch (JsonException e)
        {
            throw Bad(source, $"it is not JSON (line {e.LineNumber + 1})");
        }
        catch (InvalidOperationException)
        {
            throw Bad(source, "a member has the wrong type");
        }
        catch (FormatException)
        {
            throw Bad(source, "a number is out of range");
        }
    }

    /// <summary>The rules of one entry of <c>syscalls</c>. Conditions on the same argument are alternatives, as runc treats them; on different ones all must hold.</summary>
    public static IEnumerable<SeccompProfileRule> Split(SeccompProfileRule entry)
    {
        bool repeated = entry.Conditions.DistinctBy(c => c.Index).Count() != entry.Conditions.Count;
        return repeated ? entry.Conditions.Select(c => entry with { Conditions = [c] }) : [entry];
    }

    /// <summary>The bit of a <c>SECCOMP_FILTER_FLAG_…</c> name, seccomp(2).</summary>
    public static uint ParseFlag(string name, string source)
    {
        foreach ((string known, uint bit) in s_flags)
        {
            if (known == name)
            {
                return bit;
            }
        }
        throw Bad(source, $"\"{name}\" is no filter flag");
    }

    /// <summary>The names of flags.</summary>
    public static IEnumerable<string> NamesOfFlags(uint flags) => s_flags.Where(f => (flags & f.Bit) != 0).Select(f => f.Name);

    /// <summary>A condition from its OCI names.</summary>
    public static SeccompCondition ParseCondition(ulong index, ulong value, ulong valueTwo, string op, string source)
    {
        SeccompCompare compare = op switch
        {
            "SCMP_CMP_NE" => SeccompCompare.NotEqual,
            "SCMP_CMP_LT" => SeccompCompare.Less,
            "SCMP_CMP_LE" => SeccompCompare.LessOrEqual,
            "SCMP_CMP_EQ" => SeccompCompare.Equal,
            "SCMP_CMP_GE" => SeccompCompare.GreaterOrEqual,
            "SCMP_CMP_GT" => SeccompCompare.Greater,
            "SCMP_CMP_MASKED_EQ" => SeccompCompare.MaskedEqual,
            _ => throw Bad(source, $"\"{op}\" is no comparison"),
        };
        return index <= 5 ? new((int)index, compare, value, valueTwo) : throw Bad(source, $"there is no argument {index}; they are 0 to 5");
    }

    /// <summary>A comparison's OCI name.</summary>
    public static string NameOf(SeccompCompare compare) =>
        compare switch
        {
            SeccompCompare.NotEqual => "SCMP_CMP_NE",
            SeccompCompare.Less => "SCMP_CMP_LT",
            SeccompCompare.LessOrEqual => "SCMP_CMP_LE",
            SeccompCompare.Equal => "SCMP_CMP_EQ",
            SeccompCompare.GreaterOrEqual => "SCMP_CMP_GE",
            SeccompCompare.Greater => "SCMP_CMP_GT",
            _ => "SCMP_CMP_MASKED_EQ",
        };

    /// <summary>An action from its OCI name.</summary>
    public static SeccompAction ParseAction(string name, uint? errnoRet, string source) =>
        SeccompAction.TryParse(name, errnoRet, out SeccompAction action) ? action : throw Bad(source, $"\"{name}\" is no action");

    private static SeccompProfile Read(JsonElement root, string source)
    {
        if (Text(root, "defaultAction") is not string action)
        {
            throw Bad(source, "it has no defaultAction");
        }
        List<SeccompProfileRule> rules = [];
        foreach (JsonElement entry in Items(root, "syscalls"))
        {
            rules.AddRange(Split(ReadRule(entry, source)));
        }
        uint flags = 0;
        foreach (string flag in Texts(root, "flags"))
        {
            flags |= ParseFlag(flag, source);
        }
        return new SeccompProfile
        {
            DefaultAction = ParseAction(action, Number(root, "defaultErrnoRet"), source),
            Rules = rules,
            Architectures = ReadArchitectures(root, source),
            Flags = flags,
        };
    }

    // docker: archMap with sub-architectures per native one, which is what Family says anyway. OCI: architectures.
    private static List<SeccompArchitecture>? ReadArchitectures(JsonElement root, string source)
    {
        List<string> names = Texts(root, "architectures");
        if (names.Count == 0)
        {
            return null;
        }
        List<SeccompArchitecture> architectures = [];
        foreach (string name in names)
        {
            if (SeccompArchitectures.TryParse(name, out SeccompArchitecture architecture))
            {
                architectures.Add(architecture);
            }
            else if (!name.StartsWith("SCMP_ARCH_", StringComparison.Ordinal))
            {
                throw Bad(source, $"\"{name}\" is no architecture");
            }
        }
        return architectures;
    }

    private static SeccompProfileRule ReadRule(JsonElement entry, string source)
    {
        List<string> names = Texts(entry, "names");
        if (Text(entry, "name") is { Length: > 0 } one)
        {
            names.Add(one);
        }
        if (names.Count == 0)
        {
            throw Bad(source, "an entry of syscalls has no names");
        }
        List<SeccompCondition> conditions = [];
        foreach (JsonElement arg in Items(entry, "args"))
        {
            conditions.Add(ParseCondition(Wide(arg, "index"), Wide(arg, "value"), Wide(arg, "valueTwo"), Text(arg, "op") ?? "", source));
        }
        JsonElement includes = Object(entry, "includes");
        JsonElement excludes = Object(entry, "excludes");
        return new SeccompProfileRule
        {
            Names = names,
            Action = ParseAction(Text(entry, "action") ?? "", Number(entry, "errnoRet"), source),
            Conditions = conditions,
            IncludeCapabilities = CapabilitySet.Parse(Texts(includes, "caps"), source),
            ExcludeCapabilities = CapabilitySet.Parse(Texts(excludes, "caps"), source),
            IncludeArchitectures = Texts(includes, "arches"),
            ExcludeArchitectures = Texts(excludes, "arches"),
            MinimumKernel = ReadKernel(Text(includes, "minKernel"), source),
        };
    }

    private static int ReadKernel(string? text, string source)
    {
        if (text is null)
        {
            return 0;
        }
        string[] parts = text.Split('.');
        return
            parts.Length == 2 && ushort.TryParse(parts[0], out ushort major) && ushort.TryParse(parts[1], out ushort minor) && minor < 1000
            ? (major * 1000) + minor
            : throw Bad(source, $"\"{text}\" is no kernel version such as 4.8");
    }

    private static JsonElement Object(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out JsonElement value)
        && value.ValueKind != JsonValueKind.Null
            ? value
            : default;

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string name) =>
        Object(element, name) is { ValueKind: not JsonValueKind.Undefined } list ? list.EnumerateArray() : default;

    private static List<string> Texts(JsonElement element, string name)
    {
        List<string> texts = [];
        foreach (JsonElement item in Items(element, name))
        {
            texts.Add(item.GetString() ?? "");
        }
        return texts;
    }

    private static string? Text(JsonElement element, string name) =>
        Object(element, name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetString() : null;

    private static uint? Number(JsonElement element, string name) =>
        Object(element, name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetUInt32() : null;

    private static ulong Wide(JsonElement element, string name) =>
        Object(element, name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetUInt64() : 0;

    private static SkiffException Bad(string source, string reason) =>
        new($"the seccomp profile {source} cannot be used: {reason}; see docs.docker.com/engine/security/seccomp for the format", 125);
}
