namespace Skiff.Linux.Cgroups;

/// <summary>What a device rule is about; the letters of the devices controller.</summary>
public enum DeviceKind
{
    /// <summary>Every device: <c>a</c>.</summary>
    All = 'a',

    /// <summary>Block devices: <c>b</c>.</summary>
    Block = 'b',

    /// <summary>Character devices: <c>c</c>.</summary>
    Char = 'c',
}

/// <summary>Access that a device rule speaks of; the bits are BPF_DEVCG_ACC_* of linux/bpf.h.</summary>
[Flags]
public enum DeviceAccess
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>mknod(2).</summary>
    Mknod = 1,

    /// <summary>Opening for reading.</summary>
    Read = 2,

    /// <summary>Opening for writing.</summary>
    Write = 4,

    /// <summary>All three.</summary>
    All = 7,
}

/// <summary>One device rule, as the v1 devices controller takes it (kernel: admin-guide/cgroup-v1/devices.rst) and as v2 compiles it into a BPF program.</summary>
/// <param name="Allow">Allow or deny.</param>
/// <param name="Kind">All, block or character devices.</param>
/// <param name="Major">Major number, null for every one.</param>
/// <param name="Minor">Minor number, null for every one.</param>
/// <param name="Access">Which accesses.</param>
public readonly record struct DeviceRule(bool Allow, DeviceKind Kind, long? Major, long? Minor, DeviceAccess Access)
{
    /// <summary>The rule that every list starts with: nothing is allowed.</summary>
    public static DeviceRule DenyAll => new(Allow: false, DeviceKind.All, null, null, DeviceAccess.All);

    /// <summary>Reads <c>c 1:3 rwm</c>, <c>b *:* m</c>, <c>a</c>: the form of <c>--device-cgroup-rule</c>, always an allow rule.</summary>
    public static DeviceRule Parse(string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts is ["a"] or ["a", "*:*", "rwm"])
        {
            return new(Allow: true, DeviceKind.All, null, null, DeviceAccess.All);
        }
        if (parts is [("b" or "c" or "a") and var kind, var numbers, var letters] && numbers.Split(':') is [var major, var minor])
        {
            if (TryNumber(major, out long? a) && TryNumber(minor, out long? b) && TryAccess(letters, out DeviceAccess access))
            {
                return new(Allow: true, (DeviceKind)kind[0], a, b, access);
            }
        }
        throw new SkiffException(
            $"\"{text}\" is not a device rule: write type, major:minor and access, such as \"c 1:3 rwm\" or \"b 8:* r\"",
            125
        );
    }

    /// <summary>Reads any non-empty mix of the letters <c>r w m</c>.</summary>
    public static bool TryAccess(ReadOnlySpan<char> letters, out DeviceAccess access)
    {
        access = DeviceAccess.None;
        foreach (char letter in letters)
        {
            DeviceAccess bit = letter switch
            {
                'r' => DeviceAccess.Read,
                'w' => DeviceAccess.Write,
                'm' => DeviceAccess.Mknod,
                _ => DeviceAccess.None,
            };
            if (bit == DeviceAccess.None)
            {
                return false;
            }
            access |= bit;
        }
        return access != DeviceAccess.None;
    }

    /// <summary>The line for <c>devices.allow</c> or <c>devices.deny</c>.</summary>
    public override string ToString() =>
        Kind == DeviceKind.All && Major is null && Minor is null && Access == DeviceAccess.All
            ? "a"
            : $"{(char)Kind} {Text(Major)}:{Text(Minor)} {Letters(Access)}";

    private static string Text(long? number) => number?.ToString() ?? "*";

    private static string Letters(DeviceAccess access) =>
        string.Concat(
            (access & DeviceAccess.Read) != DeviceAccess.None ? "r" : "",
            (access & DeviceAccess.Write) != DeviceAccess.None ? "w" : "",
            (access & DeviceAccess.Mknod) != DeviceAccess.None ? "m" : ""
        );

    private static bool TryNumber(string text, out long? number)
    {
        number = null;
        if (text == "*")
        {
            return true;
        }
        bool ok = uint.TryParse(text, System.Globalization.NumberStyles.None, null, out uint value);
        number = value;
        return ok;
    }
}
