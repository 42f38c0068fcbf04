namespace Skiff.Linux.Seccomp;

/// <summary>What a filter returns: a SECCOMP_RET_* value with its data in the low 16 bits, seccomp(2).</summary>
/// <param name="Value">The kernel's value.</param>
public readonly record struct SeccompAction(uint Value)
{
    /// <summary>SECCOMP_RET_ALLOW.</summary>
    public static SeccompAction Allow => new(0x7FFF0000);

    /// <summary>SECCOMP_RET_LOG: allowed and logged.</summary>
    public static SeccompAction Log => new(0x7FFC0000);

    /// <summary>SECCOMP_RET_KILL_PROCESS.</summary>
    public static SeccompAction KillProcess => new(0x80000000);

    /// <summary>SECCOMP_RET_KILL_THREAD.</summary>
    public static SeccompAction KillThread => new(0);

    /// <summary>SECCOMP_RET_USER_NOTIF.</summary>
    public static SeccompAction Notify => new(0x7FC00000);

    /// <summary>True where the call is made: allowed, logged or left to a tracer.</summary>
    public bool Permits => Value >= 0x7FF00000 && Value < 0x80000000;

    /// <summary>SECCOMP_RET_ERRNO: the call is not made and fails with this error.</summary>
    public static SeccompAction Fail(int errno) => new(0x00050000u | (ushort)errno);

    /// <summary>Reads <c>SCMP_ACT_…</c> of docker's and the OCI's JSON; false if there is no such action.</summary>
    /// <param name="name">The name.</param>
    /// <param name="errnoRet">Data of ERRNO and TRACE; EPERM when it is not given.</param>
    /// <param name="action">The action.</param>
    public static bool TryParse(string name, uint? errnoRet, out SeccompAction action)
    {
        ushort data = (ushort)(errnoRet ?? Errno.EPERM);
        uint? value = name switch
        {
            "SCMP_ACT_ALLOW" => Allow.Value,
            "SCMP_ACT_LOG" => Log.Value,
            "SCMP_ACT_ERRNO" => Fail(data).Value,
            "SCMP_ACT_TRACE" => 0x7FF00000u | data,
            "SCMP_ACT_TRAP" => 0x00030000u,
            "SCMP_ACT_KILL" or "SCMP_ACT_KILL_THREAD" => KillThread.Value,
            "SCMP_ACT_KILL_PROCESS" => KillProcess.Value,
            "SCMP_ACT_NOTIFY" => Notify.Value,
            _ => null,
        };
        action = new SeccompAction(value ?? 0);
        return value is not null;
    }

    /// <summary>The name that <see cref="TryParse"/> reads, and the data of ERRNO and TRACE.</summary>
    public (string Name, uint? ErrnoRet) Text =>
        (Value & 0xFFFF0000u) switch
        {
            0x7FFF0000u => ("SCMP_ACT_ALLOW", null),
            0x7FFC0000u => ("SCMP_ACT_LOG", null),
            0x7FF00000u => ("SCMP_ACT_TRACE", Value & 0xFFFF),
            0x7FC00000u => ("SCMP_ACT_NOTIFY", null),
            0x00050000u => ("SCMP_ACT_ERRNO", Value & 0xFFFF),
            0x00030000u => ("SCMP_ACT_TRAP", null),
            0x80000000u => ("SCMP_ACT_KILL_PROCESS", null),
            _ => ("SCMP_ACT_KILL_THREAD", null),
        };
}
