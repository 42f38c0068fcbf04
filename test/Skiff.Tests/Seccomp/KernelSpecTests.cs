using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Seccomp;
using Xunit;

namespace Skiff.Tests.Seccomp;

public sealed class KernelSpecTests
{
    [Fact]
    public void The_built_in_profile_of_a_spec_is_the_ready_made_filter() =>
        Assert.Equal(
            SeccompFilter.ReadyMade(SeccompArchitectures.Native).ToArray(),
            KernelSeccomp.Compile(SeccompSpec.BuiltIn, CapabilitySet.Default).Filter
        );

    [Fact]
    public void Rules_of_a_spec_are_compiled()
    {
        SeccompSpec spec = new()
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Flags = ["SECCOMP_FILTER_FLAG_LOG"],
            Syscalls = [new SeccompRule(["getcwd"], "SCMP_ACT_ERRNO", 13, [])],
        };
        (byte[] filter, uint flags) = KernelSeccomp.Compile(spec, CapabilitySet.None);
        SeccompArchitecture native = SeccompArchitectures.Native;
        int number = SyscallTable.Load(native)["getcwd"];
        Assert.Equal(2u, flags);
        Assert.Equal(SeccompAction.Fail(Errno.EACCES), FilterInterpreter.Run(filter, native, number));
        Assert.Equal(SeccompAction.Allow, FilterInterpreter.Run(filter, native, number + 1));
    }

    [Fact]
    public void Limits_of_a_spec_keep_their_meaning()
    {
        Resources r = KernelResources.Of(
            new ResourcesSpec
            {
                Memory = new MemorySpec { Limit = 64 << 20, Swap = -1 },
                Cpu = new CpuSpec
                {
                    Quota = 50_000,
                    Period = 100_000,
                    Shares = 0,
                    Cpus = "",
                },
                PidsLimit = -1,
                Devices =
                [
                    new DeviceRuleSpec(false, 'a', null, null, "rwm"),
                    new DeviceRuleSpec(true, 'c', 1, 3, "rw"),
                    new DeviceRuleSpec(true, 'b', -1, -1, ""),
                ],
            }
        );
        Assert.Equal((64L << 20, -1L, 50_000L, 100_000UL), (r.Memory, r.MemorySwap, r.CpuQuota, r.CpuPeriod));
        Assert.Null(r.CpuShares);
        Assert.Null(r.CpusetCpus);
        Assert.Equal(["a", "c 1:3 rw", "b *:* rwm"], r.Devices!.Select(d => d.ToString()));
    }

    [Fact]
    public void A_limit_that_cannot_be_set_is_refused_by_its_field() =>
        Assert.StartsWith(
            "linux.resources.rdma: ",
            Assert.Throws<SkiffException>(() => KernelResources.Of(new ResourcesSpec { Rdma = [new RdmaLimit("mlx", 1, 1)] })).Message
        );
}
