using System.Security.Cryptography;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>What a container must not be able to see or do.</summary>
public sealed class SecurityTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private static string HashOfBinary() => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Workspace.Binary)));

    [Fact]
    public void SEC_01_The_engines_file_is_out_of_reach()
    {
        string before = HashOfBinary();
        var image = new TestImage(
            "self-exe",
            "1",
            () => new ImageBuilder().Layer(TestImages.BusyboxFiles).Layer(w => w.File("evil", "#!/proc/self/exe\n", 0x1ED)).Build()
        );
        // Whatever becomes of it, it ends.
        CommandResult result = host.Run("run", "--rm", "--network", "none", "--timeout", "10", host.Image(image), "/evil");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Equal(before, HashOfBinary());
        Assert.Equal("/bin/busybox", host.RunShell("readlink /proc/1/exe").Succeeded().Text);
    }

    [Fact]
    public void SEC_02_Only_the_standard_descriptors_are_open()
    {
        string command = string.Join(
            ' ',
            host.CommandLine("run", "--rm", "--network", "none", host.Image(TestImages.Busybox), "sh", "-c", "ls /proc/1/fd; :")
                .Select(w => $"'{w}'")
        );
        Assert.Equal("0\n1\n2", Tool.Shell($"exec 7</etc/passwd 8</; exec {command}").Text);
    }

    [Fact]
    public void SEC_02_A_working_directory_among_leaked_descriptors_is_refused()
    {
        for (int fd = 3; fd <= 20; fd++)
        {
            CommandResult result = host.RunShell("pwd; ls -a", "-w", $"/proc/self/fd/{fd}");
            Assert.True(result.ExitCode is 125 or 126 or 127, result.ToString());
        }
    }

    [Theory]
    [InlineData("proc")]
    [InlineData("sys")]
    public void SEC_07_A_link_in_place_of_a_kernel_file_system_is_refused(string name)
    {
        var image = new TestImage(
            $"link-{name}",
            "1",
            () => new ImageBuilder().Layer(TestImages.BusyboxFiles).Layer(w => w.Symlink(name, "/tmp")).Build()
        );
        host.Run("run", "--rm", "--network", "none", host.Image(image), "true").ExitedWith(125).Complained($"/{name}");
    }

    [Fact]
    public void SEC_10_Cgroup_files_that_run_programs_on_the_host_cannot_be_written()
    {
        string text = host.RunShell(
            "for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release /sys/fs/cgroup/cgroup.procs; do [ -e $f ] && (echo x >$f) 2>/dev/null && echo \"wrote $f\"; done; "
                + "mkdir /tmp/c; mount -t cgroup -o memory c /tmp/c 2>/dev/null && echo mounted; mount -t cgroup2 c /tmp/c 2>/dev/null && echo mounted; "
                + "unshare -Urm true 2>/dev/null && echo unshared; mkdir /sys/fs/cgroup/new 2>/dev/null && echo made; echo end"
        ).Output;
        Assert.Equal("end\n", text);
    }

    [Theory]
    [InlineData("00000000800405fb")]
    [InlineData("0000000000002000", "--cap-drop", "ALL", "--cap-add", "NET_RAW")]
    [InlineData("00000000800405fa", "--cap-drop", "CAP_CHOWN")]
    public void SEC_11_The_capability_sets_are_the_documented_ones(string expected, params string[] flags)
    {
        string text = host.RunShell("grep ^Cap /proc/self/status | tr -d '\\t'", flags).Succeeded().Text;
        Assert.Equal($"CapInh:0000000000000000\nCapPrm:{expected}\nCapEff:{expected}\nCapBnd:{expected}\nCapAmb:0000000000000000", text);
    }

    [Fact]
    public void SEC_11_Another_user_has_no_effective_capabilities_and_unknown_names_are_refused()
    {
        Assert.Equal(
            "CapEff:0000000000000000",
            host.RunShell("grep ^CapEff /proc/self/status | tr -d '\\t'", "-u", "sailor").Succeeded().Text
        );
        host.RunShell("true", "--cap-add", "SAILING").ExitedWith(125).Complained("SAILING");
    }

    [Fact]
    public void SEC_16_The_default_filter_refuses_what_escapes_need_and_does_not_know_new_calls()
    {
        string probe = Probe.Compile(
            """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <stdio.h>
            #include <sched.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            static void show(const char *name, long result) { printf("%s %d\n", name, result < 0 ? errno : 0); }
            int main(void)
            {
                show("mount", syscall(SYS_mount, "none", "/", "tmpfs", 0, 0));
                show("keyctl", syscall(SYS_keyctl, 0, -3, 0));
                show("unshare", syscall(SYS_unshare, CLONE_NEWUSER));
                show("bpf", syscall(SYS_bpf, 0, 0, 0));
                show("ptrace-other", syscall(SYS_kexec_load, 0, 0, 0, 0));
                show("new", syscall(5000));
                show("getpid", syscall(SYS_getpid));
                return 0;
            }
            """
        );
        string text = host.Run(["run", "--rm", "--network", "none", .. Probe.Mounted(probe), host.Image(TestImages.Busybox), "/probe"])
            .Succeeded()
            .Text;
        Assert.Equal("mount 1\nkeyctl 1\nunshare 1\nbpf 1\nptrace-other 1\nnew 38\ngetpid 0", text);
    }

    [Fact]
    public void SEC_17_The_session_keyring_is_a_new_one()
    {
        string probe = Probe.Compile(
            """
            #include <stdio.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            int main(void) { printf("%ld\n", syscall(SYS_keyctl, 0, -3, 0)); return 0; }
            """
        );
        string outside = Tool.Run(probe).Text;
        Assert.SkipWhen(outside == "-1", "this machine refuses keyctl(2)");
        string inside = host.Run([
                "run",
                "--rm",
                "--network",
                "none",
                "--security-opt",
                "seccomp=unconfined",
                .. Probe.Mounted(probe),
                host.Image(TestImages.Busybox),
                "/probe",
            ])
            .Succeeded()
            .Text;
        Assert.NotEqual(outside, inside);
        Assert.NotEqual("-1", inside);
    }

    [Fact]
    public void SEC_19_Other_users_cannot_walk_into_the_store()
    {
        _ = host.Image(TestImages.Busybox);
        foreach (string directory in new[] { host.Root, host.Runroot }.Where(Directory.Exists))
        {
            UnixFileMode others =
                File.GetUnixFileMode(directory)
                & (UnixFileMode.OtherExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite);
            Assert.Equal(UnixFileMode.None, others);
        }
    }

    [Theory]
    [InlineData]
    [InlineData("--read-only")]
    public void SEC_21_Parts_of_proc_and_sys_are_hidden_or_read_only(params string[] flags)
    {
        string text = host.RunShell(
            "for f in /proc/kcore /proc/keys /proc/timer_list /proc/latency_stats /proc/sched_debug; do [ -e $f ] && [ $(head -c 1 $f | wc -c) != 0 ] && echo \"read $f\"; done; "
                + "for d in /sys/firmware /proc/acpi /proc/scsi; do [ -d $d ] && [ -n \"$(ls $d)\" ] && echo \"listed $d\"; done; "
                + "(echo h >/proc/sysrq-trigger) 2>/dev/null && echo 'wrote sysrq'; (echo x >/proc/sys/kernel/domainname) 2>/dev/null && echo 'wrote sys'; "
                + "(echo 1 >/proc/irq/default_smp_affinity) 2>/dev/null && echo 'wrote irq'; mkdir /sys/x 2>/dev/null && echo 'wrote /sys'; echo end",
            flags
        ).Output;
        Assert.Equal("end\n", text);
    }

    [Fact]
    public void No_new_privileges_and_privileged_do_what_they_say()
    {
        Assert.Equal(
            "1",
            host.RunShell("awk '/^NoNewPrivs/ { print $2 }' /proc/self/status", "--security-opt", "no-new-privileges").Succeeded().Text
        );
        Assert.Equal("0", host.RunShell("awk '/^Seccomp:/ { print $2 }' /proc/self/status", "--privileged").Succeeded().Text);
    }

    [Fact]
    public void SEC_02_Whoever_enters_a_container_that_is_being_started_is_never_on_the_host()
    {
        string name = "skiff-entered-" + Environment.ProcessId;
        string onHost = "/tmp/" + name; // the container has a /tmp of its own; on the host the file would be here
        string image = host.Image(TestImages.Busybox);
        string source = Path.Combine(Workspace.NewDirectory("entered"), name);
        File.WriteAllText(source, "x");
        host.Run("run", "-d", "--name", "begins", "--tmpfs", "/tmp", image, "sleep", "1000").Succeeded();
        try
        {
            using CancellationTokenSource over = new();
            Thread[] entering =
            [
                .. Enumerable
                    .Range(0, 4)
                    .Select(i => new Thread(() =>
                    {
                        while (!over.IsCancellationRequested)
                        {
                            _ = i == 0 ? host.Run("cp", source, "begins:/tmp") : host.Run("exec", "begins", "touch", onHost);
                        }
                    })),
            ];
            foreach (Thread thread in entering)
            {
                thread.Start();
            }
            for (int i = 0; i < 15; i++)
            {
                host.Run("restart", "-t", "0", "begins").Succeeded();
            }
            over.Cancel();
            foreach (Thread thread in entering)
            {
                thread.Join();
            }
            Assert.False(File.Exists(onHost), "a command in the container wrote to the host");
        }
        finally
        {
            File.Delete(onHost);
            host.Run("rm", "-f", "begins").Succeeded();
        }
    }
}
