using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The published binary on a host with cgroup version 2 only, where this machine can emulate one.</summary>
public sealed class VirtualMachineTests
{
    [Fact]
    public void The_binary_works_on_cgroup_version_2()
    {
        Tool.Require("qemu-system-x86_64");
        Tool.Require("cpio");
        using RunningCommand run = RunningCommand.Start([Path.Combine(Workspace.Repository, "scripts", "test-vm.sh"), "--seconds", "150"]);
        run.CloseInput();
        CommandResult result = run.WaitForExit(240);
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
