using System.Text;
using CsCheck;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Seccomp;
using Xunit;
using static Skiff.Linux.Seccomp.SeccompArchitecture;

namespace Skiff.Tests.Seccomp;

public sealed class CompilerTests
{
    private static readonly Gen<ulong> s_value = Gen.OneOf(
        Gen.ULong[0, 3],
        Gen.ULong[0xFFFFFFFE, 0x100000002],
        Gen.ULong[ulong.MaxValue - 2, ulong.MaxValue],
        Gen.ULong
    );

    private static SeccompProfile Parse(string json) => SeccompProfile.Parse(Encoding.UTF8.GetBytes(json), "test.json");

    [Fact]
    public void A_comparison_of_64_bits_is_right_for_every_operator() =>
        Gen.Select(s_value, s_value, s_value, Gen.Int[0, 6], Gen.Int[0, 5])
            .Sample(t =>
            {
                (ulong argument, ulong value, ulong two, int op, int index) = t;
                SeccompCompare compare = (SeccompCompare)op;
                SeccompProfile profile = new()
                {
                    DefaultAction = SeccompAction.Fail(1),
                    Rules = [new() { Names = ["read"], Conditions = [new(index, compare, value, two & value)] }],
                };
                ulong[] arguments = new ulong[6];
                arguments[index] = argument;
                bool expected = compare switch
                {
                    SeccompCompare.NotEqual => argument != value,
                    SeccompCompare.Less => argument < value,
                    SeccompCompare.LessOrEqual => argument <= value,
                    SeccompCompare.Equal => argument == value,
                    SeccompCompare.GreaterOrEqual => argument >= value,
                    SeccompCompare.Greater => argument > value,
                    _ => (argument & value) == (two & value),
                };
                byte[] program = SeccompCompiler.Compile(profile, CapabilitySet.None, X86_64);
                Assert.Equal(expected, FilterInterpreter.Run(program, X86_64, 0, arguments) == SeccompAction.Allow);
            });

    [Fact]
    public void Every_number_gets_the_action_of_its_rule_whatever_the_set() =>
        Gen.Int[0, 460]
            .HashSet[0, 200]
            .Sample(
                numbers =>
                {
                    Dictionary<string, int> table = SyscallTable.Load(X86_64);
                    string[] names = [.. table.Where(p => numbers.Contains(p.Value)).Select(p => p.Key)];
                    SeccompProfile profile = new()
                    {
                        DefaultAction = SeccompAction.KillThread,
                        KnowsWholeTable = true,
                        Rules = [new() { Names = names }],
                    };
                    byte[] program = SeccompCompiler.Compile(profile, CapabilitySet.None, X86_64);
                    HashSet<int> allowed = [.. names.Select(n => table[n])];
                    for (int number = 0; number < 480; number++)
                    {
                        SeccompAction expected =
                            allowed.Contains(number) ? SeccompAction.Allow
                            : number > 469 ? SeccompAction.Fail(Errno.ENOSYS)
                            : SeccompAction.KillThread;
                        Assert.Equal(expected, FilterInterpreter.Run(program, X86_64, number));
                    }
                },
                iter: 100
            );

    [Fact]
    public void Dockers_format_with_conditions_is_read()
    {
        SeccompProfile profile = Parse(
            """
            {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],
             "syscalls":[{"names":["read","write","no_such_call"],"action":"SCMP_ACT_ALLOW"},
              {"names":["ptrace"],"action":"SCMP_ACT_ALLOW","args":null,"comment":"","includes":{"minKernel":"4.8"},"excludes":{}},
              {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
              {"names":["socket"],"action":"SCMP_ACT_ERRNO","errnoRet":97,"args":[{"index":0,"value":16,"op":"SCMP_CMP_EQ"},{"index":0,"value":17,"op":"SCMP_CMP_EQ"}]}]}
            """
        );
        byte[] program = SeccompCompiler.Compile(profile, CapabilitySet.None, X86_64, kernel: 4_007);
        Assert.Equal(SeccompAction.Allow, FilterInterpreter.Run(program, X86_64, 1));
        Assert.Equal(SeccompAction.Fail(38), FilterInterpreter.Run(program, X86_64, 101));
        Assert.Equal(SeccompAction.Fail(38), FilterInterpreter.Run(program, X86_64, 165));
        Assert.Equal(SeccompAction.Fail(97), FilterInterpreter.Run(program, X86_64, 41, 16));
        Assert.Equal(SeccompAction.Fail(97), FilterInterpreter.Run(program, X86_64, 41, 17));
        Assert.Equal(SeccompAction.Fail(38), FilterInterpreter.Run(program, X86_64, 41, 18));
        Assert.Equal(SeccompAction.Allow, FilterInterpreter.Run(SeccompCompiler.Compile(profile, CapabilitySet.All, X86_64), X86_64, 165));
    }

    [Fact]
    public void An_OCI_object_with_one_architecture_refuses_the_others()
    {
        SeccompProfile profile = Parse(
            """{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls":[{"names":["getcwd"],"action":"SCMP_ACT_KILL_PROCESS"}]}"""
        );
        byte[] program = SeccompCompiler.Compile(profile, CapabilitySet.None, X86_64);
        Assert.Equal(2u, profile.Flags);
        Assert.Equal(SeccompAction.KillProcess, FilterInterpreter.Run(program, X86_64, 79));
        Assert.Equal(SeccompAction.Allow, FilterInterpreter.Run(program, X86_64, 999));
        Assert.Equal(SeccompAction.KillProcess, FilterInterpreter.Run(program, X86, 3));
        Assert.Equal(SeccompAction.Fail(Errno.ENOSYS), FilterInterpreter.Run(program, X86_64, SyscallTable.X32Bit));
    }

    [Theory]
    [InlineData("", "it is not JSON")]
    [InlineData("{}", "it has no defaultAction")]
    [InlineData("""{"defaultAction":"SCMP_ACT_MAYBE"}""", "\"SCMP_ACT_MAYBE\" is no action")]
    [InlineData("""{"defaultAction":1}""", "a member has the wrong type")]
    [InlineData("""{"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":-1}""", "a number is out of range")]
    [InlineData(
        """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":6,"op":"SCMP_CMP_EQ"}]}]}""",
        "there is no argument 6"
    )]
    [InlineData(
        """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":0,"op":"<"}]}]}""",
        "\"<\" is no comparison"
    )]
    [InlineData("""{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_KILL"}]}""", "an entry of syscalls has no names")]
    [InlineData("""[]""", "it has no defaultAction")]
    public void A_broken_profile_is_one_sentence(string json, string reason)
    {
        SkiffException e = Assert.Throws<SkiffException>(() => Parse(json));
        Assert.StartsWith($"the seccomp profile test.json cannot be used: {reason}", e.Message);
    }
}
