using Skiff.Linux;

namespace Skiff.Images.Layers;

/// <summary>An entry to write.</summary>
/// <param name="Type">What it is; <see cref="TarEntryType.Other"/> cannot be written.</param>
/// <param name="Name">The name, any bytes but zero.</param>
public sealed record TarRecord(TarEntryType Type, ReadOnlyMemory<byte> Name)
{
    /// <summary>The target of a link.</summary>
    public ReadOnlyMemory<byte> LinkName { get; init; }

    /// <summary>Permission bits.</summary>
    public uint Mode { get; init; } = 0x1A4;

    /// <summary>Owner.</summary>
    public uint Uid { get; init; }

    /// <summary>Group.</summary>
    public uint Gid { get; init; }

    /// <summary>Size of a file's data in bytes.</summary>
    public long Size { get; init; }

    /// <summary>Modification time.</summary>
    public TimeSpec ModificationTime { get; init; }

    /// <summary>Major number of a device.</summary>
    public uint DeviceMajor { get; init; }

    /// <summary>Minor number of a device.</summary>
    public uint DeviceMinor { get; init; }

    /// <summary>Extended attributes.</summary>
    public IReadOnlyList<TarXattr> Xattrs { get; init; } = [];
}
