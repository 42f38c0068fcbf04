using Skiff.Engine;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Context;

/// <summary>A context that came as a tar archive: unpacked into the store for as long as the build takes.</summary>
public sealed class TarContext : IDisposable
{
    private readonly IngestSession _session;
    private readonly string _tree;

    private TarContext(IngestSession session, string tree)
    {
        _session = session;
        _tree = tree;
    }

    /// <summary>The directory with the files.</summary>
    public string Location => _tree + "/context";

    /// <summary>True if the bytes begin like an archive rather than like a Dockerfile.</summary>
    public static bool IsArchive(ReadOnlySpan<byte> head) =>
        head is [0x1F, 0x8B, ..] or [0x28, 0xB5, 0x2F, 0xFD, ..] or [0x42, 0x5A, 0x68, ..] or [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, ..]
        || (head.Length >= 262 && head[257..262].SequenceEqual("ustar"u8));

    /// <summary>Unpacks an archive.</summary>
    public static TarContext Unpack(SkiffEngine engine, Stream archive, Action<string> remark, CancellationToken cancel)
    {
        IngestSession session = engine.Images.BeginIngest();
        string name = $"context-{RandomBytes.Hex(6)}";
        session.Hold(name);
        TarContext context = new(session, engine.Images.IngestPath(name + ".tree"));
        try
        {
            foreach (string directory in (string[])[context._tree, context.Location])
            {
                int errno = Files.TryMakeDirectory(directory, 0x1C0);
                if (errno != 0)
                {
                    throw new LinuxException("mkdir", directory, errno);
                }
            }
            using SafeFd root = Files.Open(context.Location, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            _ = new TarExtractor(root.Value, [], remark, cancel).Extract(archive);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = Tree.RemoveAll(_tree);
        _session.Dispose();
    }
}
