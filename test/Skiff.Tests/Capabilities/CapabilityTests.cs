using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Xunit;

namespace Skiff.Tests.Capabilities;

public sealed class CapabilityTests
{
    private static readonly string[] s_default =
    [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FOWNER",
        "CAP_FSETID",
        "CAP_KILL",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE",
        "CAP_SYS_CHROOT",
        "CAP_SETFCAP",
    ];

    [Fact]
    public void Names_agree_with_the_enumeration()
    {
        Assert.Equal(CapabilitySet.Count, Enum.GetValues<Capability>().Length);
        foreach (Capability capability in Enum.GetValues<Capability>())
        {
            Assert.Equal(capability.ToString(), CapabilitySet.Name((int)capability));
            Assert.True(CapabilitySet.TryParse(capability.ToString().ToLowerInvariant(), out Capability again));
            Assert.Equal(capability, again);
        }
        Assert.Equal("CAP_63", CapabilitySet.Name(63));
    }

    [Fact]
    public void SEC_11_The_default_is_in_bounding_permitted_and_effective_and_nothing_is_inheritable_or_ambient()
    {
        ProcessCapabilities caps = ProcessCapabilities.Compute([], [], privileged: false, root: true);
        Assert.Equal(s_default, caps.Bounding.Names());
        Assert.Equal(caps.Bounding, caps.Permitted);
        Assert.Equal(caps.Bounding, caps.Effective);
        Assert.Equal(CapabilitySet.None, caps.Inheritable);
        Assert.Equal(CapabilitySet.None, caps.Ambient);
    }

    [Fact]
    public void SEC_11_A_user_other_than_root_has_a_bounding_set_only()
    {
        ProcessCapabilities caps = ProcessCapabilities.Compute([], [], privileged: false, root: false);
        Assert.Equal(11, caps.Bounding.Size);
        Assert.Equal(CapabilitySet.None, caps.Permitted);
        Assert.Equal(CapabilitySet.None, caps.Effective);
    }

    [Fact]
    public void SEC_11_Dropping_all_and_adding_one_leaves_that_one() =>
        Assert.Equal(["CAP_NET_RAW"], ProcessCapabilities.Compute(["net_raw"], ["ALL"], privileged: false, root: true).Bounding.Names());

    [Fact]
    public void Adding_all_and_dropping_one_leaves_the_others()
    {
        CapabilitySet set = ProcessCapabilities.Compute(["all"], ["CAP_SYS_ADMIN"], privileged: false, root: true).Bounding;
        Assert.Equal(40, set.Size);
        Assert.False(set.Contains(Capability.CAP_SYS_ADMIN));
    }

    [Theory]
    [InlineData("CAP_FLY")]
    [InlineData("")]
    [InlineData("CHOWN DAC_OVERRIDE")]
    public void SEC_11_An_unknown_name_is_an_error(string name)
    {
        SkiffException e = Assert.Throws<SkiffException>(() => ProcessCapabilities.Compute([], [name], privileged: false, root: true));
        Assert.StartsWith($"--cap-drop {name}: there is no such capability", e.Message);
    }

    [Fact]
    public void Capset_data_is_two_halves_of_effective_permitted_inheritable()
    {
        CapabilitySet set = CapabilitySet.None | Capability.CAP_CHOWN | Capability.CAP_BPF;
        byte[] data = ProcessCapabilities.Of(set, root: true).Data();
        Assert.Equal("010000000100000000000000800000008000000000000000", Convert.ToHexString(data));
        Assert.Equal("2205082000000000", Convert.ToHexString(ProcessCapabilities.Header()));
    }
}
