using System.Formats.Tar;
using System.Text;

namespace Skiff.SystemTests.Fixture;

/// <summary>Writes the entries of a layer in the order of the calls.</summary>
internal sealed class LayerWriter(Stream stream) : IDisposable
{
    private static readonly DateTimeOffset s_time = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private readonly TarWriter _tar = new(stream, TarEntryFormat.Pax, leaveOpen: true);

    public void Directory(string name, int mode = 0x1ED, int uid = 0, int gid = 0) =>
        Add(new PaxTarEntry(TarEntryType.Directory, name), mode, uid, gid);

    public void File(string name, string content = "", int mode = 0x1A4, int uid = 0, int gid = 0) =>
        File(name, Encoding.UTF8.GetBytes(content), mode, uid, gid);

    public void File(
        string name,
        byte[] content,
        int mode = 0x1A4,
        int uid = 0,
        int gid = 0,
        IReadOnlyDictionary<string, string>? xattrs = null
    )
    {
        var attributes = (xattrs ?? new Dictionary<string, string>(StringComparer.Ordinal)).Select(x =>
            KeyValuePair.Create($"SCHILY.xattr.{x.Key}", x.Value)
        );
        Add(new PaxTarEntry(TarEntryType.RegularFile, name, attributes) { DataStream = new MemoryStream(content) }, mode, uid, gid);
    }

    public void Symlink(string name, string target) =>
        Add(new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target }, 0x1FF, 0, 0);

    public void Hardlink(string name, string target) =>
        Add(new PaxTarEntry(TarEntryType.HardLink, name) { LinkName = target }, 0x1A4, 0, 0);

    public void Fifo(string name, int mode = 0x1A4) => Add(new PaxTarEntry(TarEntryType.Fifo, name), mode, 0, 0);

    public void CharacterDevice(string name, int major, int minor, int mode = 0x1B6) =>
        Add(new PaxTarEntry(TarEntryType.CharacterDevice, name) { DeviceMajor = major, DeviceMinor = minor }, mode, 0, 0);

    /// <summary>Removes a name that a lower layer has (image-spec layer.md, "Whiteouts").</summary>
    public void Whiteout(string path)
    {
        int slash = path.LastIndexOf('/') + 1;
        File(string.Concat(path.AsSpan(0, slash), ".wh.", path.AsSpan(slash)));
    }

    /// <summary>Hides what lower layers have in a directory (image-spec layer.md, "Opaque Whiteout").</summary>
    public void Opaque(string directory) => File($"{directory}/.wh..wh..opq");

    public void Dispose() => _tar.Dispose();

    private void Add(PaxTarEntry entry, int mode, int uid, int gid)
    {
        entry.Mode = (UnixFileMode)mode;
        entry.Uid = uid;
        entry.Gid = gid;
        entry.ModificationTime = s_time;
        _tar.WriteEntry(entry);
    }
}
