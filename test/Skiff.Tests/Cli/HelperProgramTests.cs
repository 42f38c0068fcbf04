using System.Text;
using Skiff.Linux.Spawning;
using Xunit;

namespace Skiff.Tests.Cli;

public sealed class HelperProgramTests
{
    [Fact]
    public void A_program_gets_its_input_and_gives_its_output_and_exit_code()
    {
        (int ExitCode, byte[] Output)? result = HelperProgram.TryRun("sh", ["-c", "read line; echo \"got $line\"; exit 3"], "sail\n"u8);
        Assert.Equal(3, result?.ExitCode);
        Assert.Equal("got sail\n", Encoding.UTF8.GetString(result!.Value.Output));
    }

    [Fact]
    public void A_program_that_is_not_installed_is_null() =>
        Assert.Null(HelperProgram.TryRun("docker-credential-no-such-helper", ["get"], ""u8));
}
