using Skiff.Linux;
using Skiff.Linux.Spawning;
using Xunit;

namespace Skiff.Tests.Plan;

/// <summary>Single instructions in strace's manner.</summary>
public sealed class DisassemblyTests
{
    [Fact]
    public void A_result_is_numbered_and_named_where_it_is_used()
    {
        using ChildProgram p = new();
        Result first = p.Call(SyscallNumber.openat, Files.AtCwd, p.Text("/a"), OpenFlags.O_PATH | OpenFlags.O_CLOEXEC);
        Result root = p.Name(p.Call(SyscallNumber.fsopen, p.Text("tmpfs"), 1), "root");
        p.Call(SyscallNumber.close, first);
        p.Call(SyscallNumber.fchdir, root);
        Assert.Equal("openat(AT_FDCWD, \"/a\", O_PATH|O_CLOEXEC, 0) = fd3", p.Describe(0));
        Assert.Equal("fsopen(\"tmpfs\", FSOPEN_CLOEXEC) = root", p.Describe(1));
        Assert.Equal("close(fd3)", p.Describe(2));
        Assert.Equal("fchdir(root)", p.Describe(3));
        Assert.Equal("fsopen(2)", p.ManPage(1));
    }

    [Fact]
    public void What_may_fail_says_with_what_and_what_happens_then()
    {
        using ChildProgram p = new();
        p.Call(SyscallNumber.mkdirat, Files.AtCwd, p.Text("x"), 0x1ED);
        p.Tolerate(Errno.EEXIST).Tolerate(Errno.EROFS);
        p.Call(SyscallNumber.chdir, p.Text("y"));
        p.Tolerate(Errno.ENOENT, skip: 5);
        p.Call(SyscallNumber.chdir, p.Text("z"));
        p.TolerateAll();
        Assert.Equal("mkdirat(AT_FDCWD, \"x\", 0755)  (EEXIST or EROFS is fine)", p.Describe(0));
        Assert.Equal("chdir(\"y\")  or skip 5 if ENOENT", p.Describe(1));
        Assert.Equal("chdir(\"z\")  (any error is fine)", p.Describe(2));
    }

    [Fact]
    public void Rights_limits_and_messages_are_decoded()
    {
        using ChildProgram p = new();
        p.Call(SyscallNumber.prctl, 24, 21, 0, 0, 0);
        p.Call(SyscallNumber.unshare, (int)CloneFlags.CLONE_NEWCGROUP);
        nint message = p.Annotate(p.Bytes([1, 2, 3]), "link set lo up");
        p.Call(SyscallNumber.sendto, 9, message, 3, 0, 0, 0);
        p.NameDescriptor(9, "netlink");
        Assert.Equal("prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN)", p.Describe(0));
        Assert.Equal("unshare(CLONE_NEWCGROUP)", p.Describe(1));
        Assert.Equal("sendto(netlink, {link set lo up}, 3, 0, NULL, 0)", p.Describe(2));
    }

    [Fact]
    public void Flags_have_the_names_of_the_headers()
    {
        using ChildProgram p = new();
        p.Call(SyscallNumber.recvfrom, 3, 0, 1, 0x42, 0, 0);
        p.Call(SyscallNumber.prctl, 1, 0);
        p.Call(SyscallNumber.statx, 3, p.Text(""), 0x1000, 1, 0);
        p.Call(SyscallNumber.unlinkat, Files.AtCwd, p.Text("x"), 0x200);
        p.Call(SyscallNumber.wait4, -1, 0, 0x40000001, 0);
        Assert.Equal("recvfrom(3, …, 1, MSG_PEEK|MSG_DONTWAIT, NULL, NULL)", p.Describe(0));
        Assert.Equal("recv(2)", p.ManPage(0));
        Assert.Equal("prctl(PR_SET_PDEATHSIG, 0)", p.Describe(1));
        Assert.Equal("statx(3, \"\", AT_EMPTY_PATH, STATX_TYPE, …)", p.Describe(2));
        Assert.Equal("unlinkat(AT_FDCWD, \"x\", AT_REMOVEDIR)", p.Describe(3));
        Assert.Equal("wait4(-1, NULL, WNOHANG|__WALL, NULL)", p.Describe(4));
    }

    [Fact]
    public void Quotes_and_control_characters_are_escaped()
    {
        using ChildProgram p = new();
        p.Call(SyscallNumber.chdir, p.Text("a\"b\\c\nd\u0001"));
        Assert.Equal("chdir(\"a\\\"b\\\\c\\nd\\x01\")", p.Describe(0));
    }
}
