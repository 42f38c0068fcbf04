using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Mounts;

namespace Skiff.Linux.Spawning;

/// <summary>Structures and strings in a child program's memory, in strace's manner.</summary>
internal static unsafe class StructText
{
    private const int LongestText = 240;

    internal static string Text(nint address) => address == 0 ? "NULL" : Quote(Marshal.PtrToStringUTF8(address) ?? "");

    internal static string Bytes(nint address, int length) => Quote(Encoding.UTF8.GetString((byte*)address, length));

    /// <summary>struct open_how.</summary>
    internal static string OpenHow(nint address)
    {
        ulong* how = (ulong*)address;
        string mode = how[1] == 0 ? "" : $", mode={FlagText.Octal(how[1])}";
        return $"{{flags={FlagText.Open(how[0])}{mode}, resolve={FlagText.Resolve(how[2])}}}";
    }

    /// <summary>struct mount_attr; members that are 0 are left out.</summary>
    internal static string MountAttributes(nint address)
    {
        ulong* attributes = (ulong*)address;
        return MountText.Attributes(attributes[0], attributes[1], attributes[2]);
    }

    /// <summary>Two struct __user_cap_data_struct.</summary>
    internal static string Capabilities(nint address)
    {
        uint* data = (uint*)address;
        string Set(int member) => new CapabilitySet(data[member] | ((ulong)data[member + 3] << 32)).ToString();
        string effective = Set(0);
        string permitted = Set(1);
        string both = effective == permitted ? $"effective=permitted={effective}" : $"effective={effective}, permitted={permitted}";
        return $"{{{both}, inheritable={Set(2)}}}";
    }

    /// <summary>struct msghdr with a control message that carries a descriptor: the name that the descriptor will have, where it has one.</summary>
    internal static string Descriptors(ChildProgram program, nint header)
    {
        nint control = ((nint*)header)[4];
        return program.NameOf(control + (2 * sizeof(nint))) is { } name ? $"{{SCM_RIGHTS [{name}]}}" : "{SCM_RIGHTS}";
    }

    /// <summary>struct rlimit64.</summary>
    internal static string Limit(nint address)
    {
        ulong* limit = (ulong*)address;
        return $"{{rlim_cur={Amount(limit[0])}, rlim_max={Amount(limit[1])}}}";

        static string Amount(ulong value) => value == ulong.MaxValue ? "RLIM64_INFINITY" : value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>gid_t[].</summary>
    internal static string Groups(nint address, int count)
    {
        StringBuilder text = new("[");
        for (int i = 0; i < count; i++)
        {
            text.Append(i > 0 ? ", " : "").Append(((uint*)address)[i]);
        }
        return text.Append(']').ToString();
    }

    /// <summary>char *[]; a long one, such as an environment, is counted.</summary>
    internal static string Texts(nint address)
    {
        nint* texts = (nint*)address;
        int count = 0;
        while (texts[count] != 0)
        {
            count++;
        }
        StringBuilder text = new("[");
        for (int i = 0; i < count; i++)
        {
            text.Append(i > 0 ? ", " : "").Append(Text(texts[i]));
            if (text.Length > LongestText && i + 1 < count)
            {
                return text.Append(CultureInfo.InvariantCulture, $", … {count - i - 1} more]").ToString();
            }
        }
        return text.Append(']').ToString();
    }

    /// <summary>A string in quotes with C's escapes.</summary>
    internal static string Quote(string text)
    {
        StringBuilder quoted = new("\"", text.Length + 2);
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '\r' => quoted.Append("\\r"),
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                < ' ' or '\x7f' => quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => quoted.Append(c),
            };
        }
        return quoted.Append('"').ToString();
    }
}
