using Skiff.Linux.Capabilities;

namespace Skiff.Linux.Seccomp;

/// <summary>Compiles a profile to a seccomp filter: per architecture a binary search over the call numbers, whose leaves are returns or argument tests.</summary>
/// <remarks>Only instructions that the kernel's own emulation knows (load of nr and arch, JEQ/JGE/JGT, AND, RET) are used before a leaf, so since 5.11
/// calls that are always allowed cost one bit test (seccomp_cache_prepare, kernel/seccomp.c).</remarks>
public static class SeccompCompiler
{
    private const uint OffsetOfNumber = 0;
    private const uint OffsetOfArchitecture = 4;
    private const uint OffsetOfArguments = 16;

    /// <summary>From here on numbers are x32's alone.</summary>
    private const int FirstOfX32 = 512;

    /// <summary>BPF_MAXINSNS.</summary>
    private const int MaximumInstructions = 4096;

    /// <summary>The filter as struct sock_filter[].</summary>
    /// <param name="profile">The policy.</param>
    /// <param name="capabilities">The container's bounding set, for conditional rules.</param>
    /// <param name="native">The architecture the container runs on.</param>
    /// <param name="kernel">The running kernel as major × 1000 + minor, for <c>minKernel</c> conditions.</param>
    public static byte[] Compile(SeccompProfile profile, CapabilitySet capabilities, SeccompArchitecture native, int kernel = 999_999)
    {
        BpfAssembler code = new();
        List<(SeccompArchitecture Architecture, int Position)> roots = [];
        IReadOnlyList<SeccompArchitecture> family = SeccompArchitectures.Family(native);
        bool Knows(SeccompArchitecture architecture) =>
            profile.Architectures is null || architecture == native || profile.Architectures.Contains(architecture);
        // Written backwards: the native architecture comes last and so stands first.
        for (int i = family.Count - 1; i >= 0; i--)
        {
            if (family[i] != SeccompArchitecture.X32 && Knows(family[i]))
            {
                roots.Add((family[i], Tree(code, profile, capabilities, family[i], native, kernel)));
            }
        }
        int next = code.AddReturn(SeccompAction.KillProcess);
        foreach ((SeccompArchitecture architecture, int position) in roots)
        {
            int entry = position;
            if (architecture == SeccompArchitecture.X86_64)
            {
                int x32 = Knows(SeccompArchitecture.X32)
                    ? X32(code, Tree(code, profile, capabilities, SeccompArchitecture.X32, native, kernel, FirstOfX32), position)
                    : code.AddReturn(SeccompAction.Fail(Errno.ENOSYS));
                entry = code.AddBranch(BpfAssembler.JumpGreaterOrEqual, SyscallTable.X32Bit, x32, entry);
            }
            code.AddJump(entry);
            entry = code.AddPlain(BpfAssembler.LoadWord, OffsetOfNumber);
            next = code.AddBranch(BpfAssembler.JumpEqual, (uint)architecture, entry, next);
        }
        code.AddPlain(BpfAssembler.LoadWord, OffsetOfArchitecture);
        byte[] program = code.ToArray();
        return program.Length / 8 <= MaximumInstructions
            ? program
            : throw new SkiffException(
                $"the seccomp profile compiles to {program.Length / 8} instructions, and the kernel takes {MaximumInstructions}; use fewer argument conditions",
                125
            );
    }

    // Below 512 an x32 number is x86_64's of the same call, or the kernel has no such call (arch/x86/entry/syscalls/syscall_64.tbl): one tree serves both.
    private static int X32(BpfAssembler code, int own, int shared)
    {
        _ = code.AddBranch(BpfAssembler.JumpGreaterOrEqual, FirstOfX32, own, shared);
        return code.AddPlain(BpfAssembler.And, unchecked((uint)~SyscallTable.X32Bit));
    }

    private static int Tree(
        BpfAssembler code,
        SeccompProfile profile,
        CapabilitySet capabilities,
        SeccompArchitecture architecture,
        SeccompArchitecture native,
        int kernel,
        int first = 0
    )
    {
        Dictionary<string, int> table = SyscallTable.Load(architecture);
        SortedDictionary<int, List<SeccompProfileRule>> calls = [];
        foreach (SeccompProfileRule rule in profile.Rules)
        {
            if (!rule.Counts(capabilities, native, kernel))
            {
                continue;
            }
            foreach (string name in rule.Names)
            {
                if (table.TryGetValue(name, out int marked) && (marked & ~SyscallTable.X32Bit) is var number && number >= first)
                {
                    if (!calls.TryGetValue(number, out List<SeccompProfileRule>? list))
                    {
                        calls[number] = list = [];
                    }
                    list.Add(rule);
                }
            }
        }
        (_, int last) = profile.Newest(table);
        return Search(code, Ranges(code, profile, calls, last & ~SyscallTable.X32Bit));
    }

    // The number line cut where the treatment changes: (first number, position of its code).
    private static List<(int Start, int Position)> Ranges(
        BpfAssembler code,
        SeccompProfile profile,
        SortedDictionary<int, List<SeccompProfileRule>> calls,
        int last
    )
    {
        Dictionary<SeccompAction, int> returns = [];
        int Return(SeccompAction action)
        {
            if (!returns.TryGetValue(action, out int position))
            {
                returns[action] = position = code.AddReturn(action);
            }
            return position;
        }
        // A program that probes for a new call must see ENOSYS and fall back; EPERM would look like a refusal (docker before 20.10, runc 1.0 "-ENOSYS stub").
        SeccompAction beyond = profile.DefaultAction.Permits ? profile.DefaultAction : SeccompAction.Fail(Errno.ENOSYS);
        int otherwise = Return(profile.DefaultAction);
        int unknown = Return(beyond);
        List<(int Start, int Position)> ranges = [(0, otherwise)];
        void Cut(int start, int position)
        {
            if (ranges[^1].Start == start)
            {
                ranges.RemoveAt(ranges.Count - 1);
            }
            if (ranges.Count == 0 || ranges[^1].Position != position)
            {
                ranges.Add((start, position));
            }
        }
        bool beyondCut = false;
        foreach ((int number, List<SeccompProfileRule> rules) in calls)
        {
            if (number > last && !beyondCut)
            {
                Cut(last + 1, unknown);
                beyondCut = true;
            }
            int position = rules[0].Conditions.Count == 0 ? Return(rules[0].Action) : Tests(code, rules, profile.DefaultAction);
            Cut(number, position);
            Cut(number + 1, number + 1 > last ? unknown : otherwise);
        }
        if (!beyondCut)
        {
            Cut(last + 1, unknown);
        }
        return ranges;
    }

    private static int Search(BpfAssembler code, List<(int Start, int Position)> ranges)
    {
        int Node(int from, int to)
        {
            if (to - from == 1)
            {
                return ranges[from].Position;
            }
            int middle = (from + to) / 2;
            int right = Node(middle, to);
            int left = Node(from, middle);
            return code.AddBranch(BpfAssembler.JumpGreaterOrEqual, (uint)ranges[middle].Start, right, left);
        }
        return Node(0, ranges.Count);
    }

    private static int Tests(BpfAssembler code, List<SeccompProfileRule> rules, SeccompAction otherwise)
    {
        int next = code.AddReturn(otherwise);
        for (int i = rules.Count - 1; i >= 0; i--)
        {
            int hit = code.AddReturn(rules[i].Action);
            for (int c = rules[i].Conditions.Count - 1; c >= 0; c--)
            {
                hit = Test(code, rules[i].Conditions[c], hit, next);
            }
            next = hit;
        }
        return next;
    }

    // 64-bit unsigned comparison in two 32-bit halves, the high one first.
    private static int Test(BpfAssembler code, SeccompCondition condition, int hit, int miss)
    {
        (ulong value, ulong mask) =
            condition.Compare == SeccompCompare.MaskedEqual ? (condition.ValueTwo, condition.Value) : (condition.Value, ulong.MaxValue);
        (int whenGreater, int whenLess, int whenEqual, bool inverted) = condition.Compare switch
        {
            SeccompCompare.NotEqual => (hit, hit, miss, false),
            SeccompCompare.Equal or SeccompCompare.MaskedEqual => (miss, miss, hit, false),
            SeccompCompare.Greater => (hit, miss, miss, true),
            SeccompCompare.GreaterOrEqual => (hit, miss, hit, true),
            SeccompCompare.Less => (miss, hit, miss, true),
            _ => (miss, hit, hit, true),
        };
        uint low = (uint)value;
        uint high = (uint)(value >> 32);
        uint offset = OffsetOfArguments + ((uint)condition.Index * 8);
        int position = inverted
            ? code.AddBranch(
                whenEqual == whenGreater ? BpfAssembler.JumpGreaterOrEqual : BpfAssembler.JumpGreater,
                low,
                whenGreater,
                whenEqual == whenGreater ? whenLess : LessOrEqual(whenLess, whenEqual)
            )
            : code.AddBranch(BpfAssembler.JumpEqual, low, whenEqual, whenGreater);
        position = Load(code, offset, (uint)mask, position);
        position = code.AddBranch(BpfAssembler.JumpEqual, high, position, whenLess);
        if (inverted)
        {
            position = code.AddBranch(BpfAssembler.JumpGreater, high, whenGreater, position);
        }
        return Load(code, offset + 4, (uint)(mask >> 32), position);
    }

    // After "greater" failed the rest is less or equal, and both go the same way by construction.
    private static int LessOrEqual(int whenLess, int whenEqual) =>
        whenLess == whenEqual ? whenLess : throw new InvalidOperationException("three ways");

    private static int Load(BpfAssembler code, uint offset, uint mask, int next)
    {
        code.AddJump(next);
        if (mask != uint.MaxValue)
        {
            code.AddPlain(BpfAssembler.And, mask);
        }
        return code.AddPlain(BpfAssembler.LoadWord, offset);
    }
}
