using System.Text;
using System.Text.Json;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Seccomp;
using Xunit;
using static Skiff.Linux.Seccomp.SeccompArchitecture;

namespace Skiff.Tests.Seccomp;

/// <summary>What config.json says about the filter: other runtimes go by it.</summary>
public sealed class WrittenProfileTests
{
    private static readonly CapabilitySet s_admin = CapabilitySet.Default | Capability.CAP_SYS_ADMIN;

    public static TheoryData<string> BoundingSets => ["", "CAP_CHOWN", "CAP_SYS_CHROOT", "CAP_SYS_ADMIN CAP_SYS_PTRACE", "all", "default"];

    private static CapabilitySet SetOf(string text) =>
        text switch
        {
            "all" => CapabilitySet.All,
            "default" => CapabilitySet.Default,
            _ => CapabilitySet.Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries), "test"),
        };

    private static RuntimeSpec Container(CapabilitySet bounding, SeccompSpec seccomp) =>
        new()
        {
            Process = new ProcessSpec
            {
                Args = ["true"],
                Capabilities = new CapabilitiesSpec { Bounding = [.. bounding.Names()] },
            },
            Linux = new LinuxSpec { Seccomp = seccomp },
        };

    [Fact]
    public void The_ready_made_texts_are_the_profile()
    {
        foreach (SeccompArchitecture native in new[] { X86_64, Arm64 })
        {
            SeccompSpec rules = KernelSeccomp.RulesOf(SeccompProfile.BuiltIn(), CapabilitySet.Default, native);
            if (!Read(BuiltInProfile.Json(native)).Equals(rules))
            {
                string file = Path.Combine(Path.GetTempPath(), "BuiltInProfile.Json.cs");
                File.WriteAllText(file, Source());
                Assert.Fail($"the profile changed: copy {file} to src/Skiff.Engine/Spec/Oci");
            }
        }
    }

    [Theory]
    [MemberData(nameof(BoundingSets))]
    public void The_written_rules_compile_to_the_filter_that_the_container_has(string names)
    {
        CapabilitySet bounding = SetOf(names);
        SeccompSpec written = KernelSeccomp.RulesOf(SeccompProfile.BuiltIn(), bounding, SeccompArchitectures.Native);
        Assert.Equal(SeccompFilter.Default(bounding), KernelSeccomp.Compile(written, bounding).Filter);
    }

    [Theory]
    [MemberData(nameof(BoundingSets))]
    public void The_built_in_profile_is_written_as_rules_and_known_again(string names)
    {
        CapabilitySet bounding = SetOf(names);
        ReadOnlyMemory<byte> json = RuntimeSpecWriter.ToBytes(Container(bounding, SeccompSpec.BuiltIn));
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement seccomp = document.RootElement.GetProperty("linux").GetProperty("seccomp");
        Assert.Equal("SCMP_ACT_ERRNO", seccomp.GetProperty("defaultAction").GetString());
        Assert.True(seccomp.GetProperty("architectures").GetArrayLength() > 1);
        Assert.Contains("openat", seccomp.GetProperty("syscalls")[0].GetProperty("names").EnumerateArray().Select(n => n.GetString()));
        SeccompSpec read = RuntimeSpecReader.Parse(json.Span).Linux.Seccomp!;
        Assert.Equal(names is "default" or "CAP_SYS_CHROOT", read.IsBuiltIn);
        Assert.Equal(SeccompFilter.Default(bounding), KernelSeccomp.Compile(read, bounding).Filter);
    }

    [Fact]
    public void A_changed_rule_is_not_taken_for_the_built_in_profile()
    {
        string text = Encoding.UTF8.GetString(RuntimeSpecWriter.ToBytes(Container(CapabilitySet.Default, SeccompSpec.BuiltIn)).Span);
        string changed = text.Replace("\"openat\",", "", StringComparison.Ordinal);
        Assert.NotEqual(text, changed);
        LinuxSpec read = RuntimeSpecReader.Parse(Encoding.UTF8.GetBytes(changed)).Linux;
        Assert.False(read.Seccomp!.IsBuiltIn);
        Assert.DoesNotContain("openat", (IEnumerable<string>)read.Seccomp.Syscalls[0].Names);
        // The members after it are read all the same.
        string more = text[..^2] + ",\"maskedPaths\":[\"/x\"]}}";
        LinuxSpec both = RuntimeSpecReader.Parse(Encoding.UTF8.GetBytes(more)).Linux;
        Assert.True(both.Seccomp!.IsBuiltIn);
        Assert.Equal("/x", both.MaskedPaths[0]);
    }

    [Fact]
    public void A_profile_file_is_resolved_as_docker_does()
    {
        SeccompProfile profile = SeccompProfile.Parse(
            Encoding.UTF8.GetBytes(
                """
                {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],
                 "flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls":[
                 {"names":["read","write"],"action":"SCMP_ACT_ALLOW"},
                 {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
                 {"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"valueTwo":4,"op":"SCMP_CMP_MASKED_EQ"}],"excludes":{"caps":["CAP_SYS_ADMIN"]}},
                 {"names":["s390_pci_mmio_read"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["s390x"]}}]}
                """
            ),
            "test"
        );
        SeccompSpec plain = KernelSeccomp.RulesOf(profile, CapabilitySet.Default, X86_64);
        Assert.Equal(("SCMP_ACT_ERRNO", 38u), (plain.DefaultAction, plain.DefaultErrnoRet));
        Assert.Equal("SECCOMP_FILTER_FLAG_LOG", plain.Flags[0]);
        Assert.Contains(
            new SeccompRule(["clone"], "SCMP_ACT_ALLOW", null, [new SeccompArgument(0, 5, 4, "SCMP_CMP_MASKED_EQ")]),
            (IEnumerable<SeccompRule>)plain.Syscalls
        );
        Assert.DoesNotContain(plain.Syscalls, r => ((IEnumerable<string>)r.Names).Contains("s390_pci_mmio_read"));
        SeccompSpec admin = KernelSeccomp.RulesOf(profile, s_admin, X86_64);
        Assert.Contains(new SeccompRule(["mount"], "SCMP_ACT_ALLOW", null, []), (IEnumerable<SeccompRule>)admin.Syscalls);
        Assert.DoesNotContain(admin.Syscalls, r => r.Action == "SCMP_ACT_ALLOW" && ((IEnumerable<string>)r.Names).Contains("clone"));
        foreach (CapabilitySet bounding in new[] { CapabilitySet.Default, s_admin })
        {
            Assert.Equal(
                SeccompCompiler.Compile(profile, bounding, SeccompArchitectures.Native),
                KernelSeccomp.Compile(KernelSeccomp.RulesOf(profile, bounding, SeccompArchitectures.Native), bounding).Filter
            );
        }
    }

    private static SeccompSpec Read(ReadOnlySpan<byte> seccomp)
    {
        // A member before it, so that it is not known again but read.
        string text = Encoding.UTF8.GetString(seccomp).Trim();
        string json = "{\"ociVersion\":\"1.1.0\",\"linux\":{\"seccomp\":{\"x\":0," + text[1..] + "}}";
        return RuntimeSpecReader.Parse(Encoding.UTF8.GetBytes(json)).Linux.Seccomp!;
    }

    private static string Source()
    {
        StringBuilder text = new();
        text.Append(
            "namespace Skiff.Engine.Spec;\n\n// Written by WrittenProfileTests when the profile changed.\ninternal static partial class BuiltInProfile\n{\n"
        );
        foreach ((string name, SeccompArchitecture native) in new[] { ("X64", X86_64), ("Arm64", Arm64) })
        {
            SeccompSpec rules = KernelSeccomp.RulesOf(SeccompProfile.BuiltIn(), CapabilitySet.Default, native);
            using JsonDocument document = JsonDocument.Parse(RuntimeSpecWriter.ToBytes(Container(CapabilitySet.None, rules)));
            string json = document.RootElement.GetProperty("linux").GetProperty("seccomp").GetRawText();
            text.Append($"    private static ReadOnlySpan<byte> {name} =>\n        \"\"\"\n");
            foreach (string line in Lines(json))
            {
                text.Append("            ").Append(line).Append('\n');
            }
            text.Append("            \"\"\"u8;\n").Append(name == "X64" ? "\n" : "");
        }
        return text.Append("}\n").ToString();
    }

    private static IEnumerable<string> Lines(string json)
    {
        const int width = 120;
        while (json.Length > width)
        {
            int end = json.LastIndexOf(',', width) + 1;
            yield return json[..end];
            json = json[end..];
        }
        yield return json;
    }
}
