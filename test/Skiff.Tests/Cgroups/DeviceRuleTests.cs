using System.Buffers.Binary;
using CsCheck;
using Skiff.Linux;
using Skiff.Linux.Cgroups;
using Xunit;

namespace Skiff.Tests.Cgroups;

public sealed class DeviceRuleTests
{
    private static readonly Gen<DeviceRule> s_rule = Gen.Select(
        Gen.Bool,
        Gen.Int[0, 2]
            .Select(i =>
                i == 0 ? DeviceKind.All
                : i == 1 ? DeviceKind.Block
                : DeviceKind.Char
            ),
        Gen.Int[-1, 3],
        Gen.Int[-1, 3],
        Gen.Int[1, 7],
        (allow, kind, major, minor, access) =>
            new DeviceRule(allow, kind, major < 0 ? null : major, minor < 0 ? null : minor, (DeviceAccess)access)
    );

    [Theory]
    [InlineData("c 1:3 rwm")]
    [InlineData("b 8:* r")]
    [InlineData("c *:* m")]
    [InlineData("a")]
    public void A_rule_reads_back(string text) => Assert.Equal(text, DeviceRule.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("d 1:3 rwm")]
    [InlineData("c 1:3")]
    [InlineData("c 1:3 x")]
    [InlineData("c 1 rwm")]
    [InlineData("c -1:3 rwm")]
    [InlineData("c 1:3 rwm\nb 1:3 rwm")]
    public void Anything_else_is_refused(string text) => Assert.Throws<SkiffException>(() => DeviceRule.Parse(text));

    [Fact]
    public void The_program_of_the_null_device_is_as_written_down()
    {
        DeviceRuleSet rules = DeviceRuleSet.Of([DeviceRule.DenyAll, DeviceRule.Parse("c 1:3 rw")]);
        string[] expected =
        [
            "6113000000000000", // r3 = *(u32 *)(r1 + 0)
            "BC32000000000000", // w2 = w3
            "54020000FFFF0000", // w2 &= 0xffff
            "7403000010000000", // w3 >>= 16
            "6114040000000000", // r4 = *(u32 *)(r1 + 4)
            "6115080000000000", // r5 = *(u32 *)(r1 + 8)
            "5502070002000000", // if r2 != 2 goto +7
            "5504060001000000", // if r4 != 1 goto +6
            "5505050003000000", // if r5 != 3 goto +5
            "BC31000000000000", // w1 = w3
            "5401000001000000", // w1 &= 1
            "5501020000000000", // if r1 != 0 goto +2
            "B700000001000000", // r0 = 1
            "9500000000000000", // exit
            "B700000000000000", // r0 = 0
            "9500000000000000",
        ];
        Assert.Equal(expected, DeviceProgram.Assemble(rules).Chunk(8).Select(Convert.ToHexString));
    }

    [Fact]
    public void Two_rules_for_one_device_add_up_as_in_the_version_1_controller()
    {
        DeviceRuleSet rules = DeviceRuleSet.Of([DeviceRule.DenyAll, DeviceRule.Parse("c 5:1 r"), DeviceRule.Parse("c 5:1 w")]);
        Assert.True(rules.Allows(DeviceKind.Char, 5, 1, DeviceAccess.Read | DeviceAccess.Write));
        Assert.False(rules.Allows(DeviceKind.Char, 5, 1, DeviceAccess.All));
        Assert.False(rules.Allows(DeviceKind.Block, 5, 1, DeviceAccess.Read));
    }

    [Fact]
    public void The_program_answers_as_the_rules_do() =>
        Gen.Select(s_rule.Array[0, 12], Gen.Bool, Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[1, 7])
            .Sample(t =>
            {
                (DeviceRule[] list, bool block, int major, int minor, int access) = t;
                DeviceRuleSet rules = DeviceRuleSet.Of(list);
                DeviceKind kind = block ? DeviceKind.Block : DeviceKind.Char;
                Assert.Equal(
                    rules.Allows(kind, major, minor, (DeviceAccess)access),
                    Run(DeviceProgram.Assemble(rules), (uint)((access << 16) | (block ? 1 : 2)), (uint)major, (uint)minor) != 0
                );
            });

    // The few eBPF instructions that the assembler uses.
    private static ulong Run(byte[] code, params uint[] context)
    {
        ulong[] r = new ulong[11];
        for (int pc = 0; ; pc++)
        {
            ReadOnlySpan<byte> i = code.AsSpan(pc * 8, 8);
            int d = i[1] & 15;
            int s = i[1] >> 4;
            short offset = BinaryPrimitives.ReadInt16LittleEndian(i[2..]);
            int k = BinaryPrimitives.ReadInt32LittleEndian(i[4..]);
            switch (i[0])
            {
                case 0x61:
                    r[d] = context[offset / 4];
                    break;
                case 0xBC:
                    r[d] = (uint)r[s];
                    break;
                case 0xB7:
                    r[d] = (ulong)(long)k;
                    break;
                case 0x54:
                    r[d] = (uint)r[d] & (uint)k;
                    break;
                case 0x74:
                    r[d] = (uint)r[d] >> k;
                    break;
                case 0x55:
                    pc += r[d] != (ulong)(long)k ? offset : 0;
                    break;
                case 0x15:
                    pc += r[d] == (ulong)(long)k ? offset : 0;
                    break;
                case 0x95:
                    return r[0];
                default:
                    throw new InvalidOperationException($"opcode {i[0]:x}");
            }
        }
    }
}
