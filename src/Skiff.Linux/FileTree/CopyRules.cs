namespace Skiff.Linux.FileTree;

/// <summary>How a <see cref="TreeCopier"/> copies.</summary>
public sealed record CopyRules
{
    /// <summary>The owner of a copy, by that of its source; null to keep it.</summary>
    public Func<(uint Uid, uint Gid), (uint Uid, uint Gid)>? Owner { get; init; }

    /// <summary>A file whose owner changes loses setuid and setgid, as chown(2) has it.</summary>
    public bool DropSetIds { get; init; }

    /// <summary>Take the place of what exists: files and links are replaced, directories merged. Otherwise an existing name is an error, and so is a directory in place of a file or the other way round.</summary>
    public bool Replace { get; init; }

    /// <summary>A file grows under a hidden name and is renamed when it is whole, directories are merged, and what has its own name is left as it is: a copy that was cut off can be done again over what is there.</summary>
    public bool Grows { get; init; }

    /// <summary>With <see cref="Grows"/>: a copy was cut off before, and the hidden file that it left is removed.</summary>
    public bool Again { get; init; }

    /// <summary>Make devices; otherwise they are left out with a remark.</summary>
    public bool Devices { get; init; } = true;

    /// <summary>The extended attributes that travel.</summary>
    public XattrChoice Xattrs { get; init; }

    /// <summary>True for an entry that is not copied, by its path below the top, without zero.</summary>
    public Func<byte[], bool>? LeaveOut { get; init; }

    /// <summary>Takes a sentence for everything that could not be copied and was left out.</summary>
    public Action<string>? Remark { get; init; }

    /// <summary>Told now and then how much has been copied: the bytes that a tar of it would have.</summary>
    public Action<long>? Progress { get; init; }
}
