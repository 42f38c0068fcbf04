using System.Text;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Tests.Layers;

/// <summary>A directory for one test, and layers unpacked and finished into it.</summary>
public sealed class LayerFixture : IDisposable
{
    private readonly List<string> _layers = [];

    public string Root { get; } = Directory.CreateTempSubdirectory("skiff-layers-").FullName;

    /// <summary>The layers' directories, bottom first.</summary>
    public IReadOnlyList<string> Layers => _layers;

    public IReadOnlyList<string> Notes { get; private set; } = [];

    public void Dispose() => Tree.Remove(Root);

    public static byte[] Tar(params ReadOnlySpan<Item> items)
    {
        MemoryStream stream = new();
        TarWriter writer = new(stream);
        foreach (Item item in items)
        {
            byte[] data = Encoding.Latin1.GetBytes(item.Data);
            writer.Write(item.Record with { Size = data.Length });
            if (item.Record.Type == TarEntryType.File)
            {
                writer.WriteData(data);
            }
        }
        writer.Finish();
        return stream.ToArray();
    }

    /// <summary>Unpacks a layer on top of those before; the path of its directory.</summary>
    public string Add(params ReadOnlySpan<Item> items) => Add(Tar(items));

    public string Add(byte[] tar)
    {
        PendingWork work = Unpack(tar, out string path);
        Finish(path, work);
        return path;
    }

    internal PendingWork Unpack(byte[] tar, out string path)
    {
        path = $"{Root}/{Guid.NewGuid():N}";
        Directory.CreateDirectory(path);
        using SafeFd root = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        using LayerUnpacker unpacker = new(root, "layer");
        TarReader reader = new(new MemoryStream(tar));
        PendingWork work = unpacker.Unpack(reader, default);
        reader.Drain();
        Notes = unpacker.Notes;
        return work;
    }

    internal void Finish(string path, PendingWork work)
    {
        using SafeFd root = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        using LowerStack lower = new(_layers);
        new LayerFinisher(root, "layer", work, lower).Run();
        _layers.Add(path);
    }

    public static StatxBuffer Stat(string path)
    {
        int errno = At.Stat(Files.AtCwd, CString.Encode(path), out StatxBuffer stat);
        return errno == 0 ? stat : throw new LinuxException("stat", path, errno);
    }

    public static bool Exists(string path) => At.Stat(Files.AtCwd, CString.Encode(path), out _) == 0;

    public static bool IsWhiteout(string path) => Exists(path) && LayerUnpacker.IsWhiteout(Stat(path));

    public static bool IsOpaque(string path) => LowerStack.IsOpaque(Files.AtCwd, CString.Encode(path));

    public static uint Mode(string path) => Stat(path).Mode & 0xFFFu;
}

/// <summary>An entry of a test's tar.</summary>
public readonly record struct Item(TarRecord Record, string Data = "")
{
    private static readonly TimeSpec s_time = new() { Seconds = 1_600_000_000 };

    public static Item File(string name, string data = "x", uint mode = 0x1A4) =>
        new(Of(TarEntryType.File, name) with { Mode = mode }, data);

    public static Item Dir(string name, uint mode = 0x1ED) => new(Of(TarEntryType.Directory, name) with { Mode = mode });

    public static Item Symlink(string name, string target) =>
        new(Of(TarEntryType.Symlink, name) with { LinkName = Encoding.UTF8.GetBytes(target) });

    public static Item Link(string name, string target) =>
        new(Of(TarEntryType.HardLink, name) with { LinkName = Encoding.UTF8.GetBytes(target) });

    public static TarRecord Of(TarEntryType type, string name) => new(type, Encoding.UTF8.GetBytes(name)) { ModificationTime = s_time };
}
