namespace Skiff.Linux.Spawning;

public sealed unsafe partial class ChildProgram
{
    private readonly Dictionary<int, string> _descriptors = [];

    /// <summary>The instruction in strace's manner, for people.</summary>
    public string Describe(int index) => SyscallText.Of(this, index);

    /// <summary>The page that explains the instruction, such as <c>openat2(2)</c>; empty for a check of memory.</summary>
    public string ManPage(int index) => SyscallText.ManPage(this, index);

    /// <summary>The name of the system call; empty for what calls nothing.</summary>
    public string CallName(int index) => SyscallText.NameOf(this, index);

    /// <summary>Attaches a text to an address of the program's memory: what a netlink message says, what a check checks.</summary>
    public nint Annotate(nint address, string text)
    {
        _names[address] = text;
        return address;
    }

    /// <summary>Gives a descriptor that comes from outside the program a name for the disassembly.</summary>
    public void NameDescriptor(int descriptor, string name) => _descriptors[descriptor] = name;

    /// <summary>The raw instruction, for the disassembler.</summary>
    internal ref readonly Instruction At(int index) => ref _code[index];

    /// <summary>The name given to a stored result or the text of an address, or null.</summary>
    internal string? NameOf(nint address) => _names.GetValueOrDefault(address);

    /// <summary>The name given to a descriptor from outside, or null.</summary>
    internal string? DescriptorName(int descriptor) => _descriptors.GetValueOrDefault(descriptor);
}
