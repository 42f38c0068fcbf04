namespace Skiff.Linux.FileTree;

/// <summary>Which extended attributes travel with a file.</summary>
public enum XattrChoice
{
    /// <summary><c>user.*</c>: what gives no rights to anybody.</summary>
    User,

    /// <summary>Those of the user, file capabilities and POSIX ACLs.</summary>
    Archive,

    /// <summary>What a layer keeps: as <see cref="Archive"/>, and <c>trusted.*</c>; of overlayfs' own only the mark of an opaque directory.</summary>
    Layer,

    /// <summary>Everything but overlayfs' own.</summary>
    All,
}
