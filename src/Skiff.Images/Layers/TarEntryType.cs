namespace Skiff.Images.Layers;

/// <summary>What an entry of a tar archive is.</summary>
public enum TarEntryType
{
    /// <summary>A regular file, type flags <c>0</c>, NUL, <c>7</c> and GNU's sparse <c>S</c>.</summary>
    File,

    /// <summary>A hardlink, type flag <c>1</c>.</summary>
    HardLink,

    /// <summary>A symbolic link, type flag <c>2</c>.</summary>
    Symlink,

    /// <summary>A character device, type flag <c>3</c>.</summary>
    CharacterDevice,

    /// <summary>A block device, type flag <c>4</c>.</summary>
    BlockDevice,

    /// <summary>A directory, type flags <c>5</c> and GNU's <c>D</c>, or a file whose name ends in a slash.</summary>
    Directory,

    /// <summary>A FIFO, type flag <c>6</c>.</summary>
    Fifo,

    /// <summary>Anything else: vendor types, sockets, volume labels. It has a name and perhaps data, and no meaning here.</summary>
    Other,
}
