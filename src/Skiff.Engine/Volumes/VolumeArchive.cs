using System.Text;
using Skiff.Images.Archives;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Volumes;

/// <summary>A volume's content as a tar archive, and back.</summary>
public static class VolumeArchive
{
    private const string Arriving = "/import";
    private const string Arrived = "/merge";

    /// <summary>Writes the content: owners, modes, times, hardlinks and extended attributes are kept.</summary>
    /// <exception cref="SkiffException">The volume is a mount that only exists in containers.</exception>
    public static void Export(VolumeStore store, Volume volume, Stream target, CancellationToken cancel)
    {
        LocalDriver? driver = LocalDriver.Of(volume.Options);
        if (driver is { IsBind: false })
        {
            throw Mounted(volume, driver);
        }
        using (FileLock? gate = store.Lock(volume.Name))
        {
            CompleteMerge(store, volume.Name);
        }
        using SafeFd root = Files.Open(driver?.Device ?? store.Data(volume.Name), OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        TarWriter writer = new(target);
        new TreeArchiver(writer, layer: false, remark: null, cancel).Entry(root.Value, []);
        writer.Finish();
    }

    /// <summary>Adds an archive's files to the content; of two files of one name the archive's wins.</summary>
    /// <remarks>It is unpacked beside the content first: an archive that is cut or damaged changes nothing. What was unpacked whole is moved in, if need be by the next command.</remarks>
    public static IReadOnlyList<string> Import(VolumeStore store, Volume volume, Stream source, CancellationToken cancel)
    {
        if (LocalDriver.Of(volume.Options) is { } driver)
        {
            throw driver.IsBind
                ? new SkiffException(
                    $"the volume {volume.Name} is the directory {driver.Device} of the host: unpack the archive there with tar"
                )
                : Mounted(volume, driver);
        }
        using FileLock gate = store.Lock(volume.Name) ?? throw new SkiffException($"No such volume: {volume.Name}");
        CompleteMerge(store, volume.Name);
        string place = store.Place(volume.Name);
        string arriving = place + Arriving;
        Containers.DirectoryTree.Remove(arriving);
        _ = Files.TryMakeDirectory(arriving, 0x1C0);
        try
        {
            IReadOnlyList<string> notes;
            using (SafeFd data = Files.Open(store.Data(volume.Name), OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY))
            using (SafeFd root = Files.Open(arriving, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY))
            {
                notes = LayerUnpacker.UnpackPlain(root, arriving, source, path => Inherit(data.Value, root.Value, path), cancel);
            }
            Files.Rename(arriving, place + Arrived);
            CompleteMerge(store, volume.Name);
            return notes;
        }
        catch (Exception e) when (e is TarException or InvalidDataException or EndOfStreamException)
        {
            throw new SkiffException($"the archive cannot be read, and the volume {volume.Name} is as it was: {e.Message}", 1, e);
        }
        finally
        {
            Containers.DirectoryTree.Remove(arriving);
        }
    }

    /// <summary>A directory of which the archive says nothing keeps what it has in the volume: its owner above all, who could not write to it any more.</summary>
    private static void Inherit(int data, int arriving, byte[] path)
    {
        const long UTIME_NOW = 0x3FFFFFFF;
        byte[] name = path.Length == 0 ? [(byte)'.', 0] : [.. path, 0];
        int directory = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY;
        if (At.OpenBeneath(data, name, directory, out int there) != 0)
        {
            return;
        }
        using SafeFd from = new(there);
        int errno = At.OpenBeneath(arriving, name, directory, out int here);
        using SafeFd to = errno == 0 ? new(here) : throw new LinuxException("openat2", Encoding.UTF8.GetString(path), errno);
        new TreeCopier(new CopyRules { Xattrs = XattrChoice.All }).Attributes(there, here);
        TimeSpec now = new() { Nanoseconds = UTIME_NOW };
        _ = At.SetTimes(here, now, now);
    }

    /// <summary>Moves in what an import had unpacked whole when it was killed. The caller holds the volume's lock.</summary>
    internal static void CompleteMerge(VolumeStore store, string name)
    {
        string arrived = store.Place(name) + Arrived;
        using SafeFd? from = Files.TryOpen(arrived, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out _);
        if (from is not null)
        {
            using SafeFd to = Files.Open(store.Data(name), OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            TreeMerge.Move(from.Value, to.Value);
            Containers.DirectoryTree.Remove(arrived);
        }
    }

    private static SkiffException Mounted(Volume volume, LocalDriver driver) =>
        new(
            $"the volume {volume.Name} is a mount ({driver.Type} of {driver.Device}) that exists in containers only: use tar in a container that has it"
        );
}
