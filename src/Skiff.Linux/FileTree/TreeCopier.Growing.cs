using System.Text;

namespace Skiff.Linux.FileTree;

/// <content>Copies that can be done again when they were cut off.</content>
public sealed partial class TreeCopier
{
    private const int PrefixLength = 12;

    /// <summary>A name that nobody else makes, zero-terminated.</summary>
    private readonly byte[] _growing = rules.Grows ? [.. ".skiff-copy-"u8, .. Encoding.ASCII.GetBytes(RandomBytes.Hex(8)), 0] : [];

    private void RemoveRemains(int directory, byte[] path)
    {
        foreach (byte[] name in Names(directory, path))
        {
            if (name.AsSpan().StartsWith(_growing.AsSpan(0, PrefixLength)))
            {
                Check(At.Unlink(directory, name), "unlink", path);
            }
        }
    }

    /// <summary>What was made under the hidden name is whole.</summary>
    private void Appear(int directory, byte[] name, byte[] path)
    {
        int errno = At.Rename(directory, _growing, directory, name, noReplace: true);
        if (errno != 0)
        {
            _ = At.Unlink(directory, _growing);
            Check(errno == Errno.EEXIST ? 0 : errno, "rename", path); // somebody else made it meanwhile
        }
    }
}
