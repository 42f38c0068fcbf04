using System.Runtime.InteropServices;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The program for arm64, built here and run on an emulated machine: everything that depends on the architecture is wrong at once or not at all.</summary>
public sealed class OtherArchitectureTests
{
    [Fact]
    public void The_program_for_arm64_works_on_a_machine_of_that_architecture()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "this machine is of that architecture itself");
        Tool.Require("aarch64-linux-gnu-gcc");
        Tool.Require("qemu-system-aarch64");
        Tool.Require("cpio");
        Succeeds(240, "build.sh", "--arch", "arm64");
        Succeeds(300, "test-vm.sh", "--arch", "arm64", "--seconds", "240");
    }

    private static void Succeeds(int seconds, string script, params string[] arguments)
    {
        using RunningCommand run = RunningCommand.Start([Path.Combine(Workspace.Repository, "scripts", script), .. arguments]);
        run.CloseInput();
        CommandResult result = run.WaitForExit(seconds);
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
