namespace Skiff.Linux.FileTree;

/// <summary>The rule of each <see cref="XattrChoice"/>.</summary>
public static class XattrChoices
{
    /// <summary>True if an attribute travels.</summary>
    /// <param name="choice">The choice.</param>
    /// <param name="name">The attribute's name, with or without a final zero.</param>
    public static bool Takes(this XattrChoice choice, ReadOnlySpan<byte> name)
    {
        name = name.EndsWith("\0"u8) ? name[..^1] : name;
        if (name.StartsWith("trusted.overlay."u8) || name.StartsWith("user.overlay."u8))
        {
            return choice == XattrChoice.Layer && name.EndsWith(".overlay.opaque"u8);
        }
        return choice switch
        {
            XattrChoice.User => name.StartsWith("user."u8),
            XattrChoice.Archive => IsPortable(name),
            XattrChoice.Layer => IsPortable(name) || name.StartsWith("trusted."u8),
            _ => true,
        };
    }

    private static bool IsPortable(ReadOnlySpan<byte> name) =>
        name.StartsWith("user."u8)
        || name.SequenceEqual("security.capability"u8)
        || name.SequenceEqual("system.posix_acl_access"u8)
        || name.SequenceEqual("system.posix_acl_default"u8);
}
