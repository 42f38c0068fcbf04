using Skiff.Linux;

namespace Skiff.Images.Layers;

/// <summary>What a directory of a layer gets when everything in it is in place.</summary>
internal struct DirectoryRecord
{
    internal int Start;
    internal int Length;
    internal int Hash;
    internal int Next;
    internal uint Mode;
    internal uint Uid;
    internal uint Gid;
    internal TimeSpec Time;
    internal TarXattr[]? Xattrs;

    /// <summary>Made because something in it needed it; the archive has no entry for it (yet).</summary>
    internal bool Implied;

    /// <summary>Hides what lower layers have in it.</summary>
    internal bool Opaque;

    /// <summary>The mode given to mkdir(2) is the final one.</summary>
    internal bool ModeIsSet;
}
