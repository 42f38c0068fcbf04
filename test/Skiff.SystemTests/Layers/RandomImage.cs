using System.Globalization;
using System.Text;
using Skiff.Images.Layers;
using Skiff.Linux;

namespace Skiff.SystemTests.Layers;

/// <summary>
/// Layers that mean something, from a seed: files, directories, links, devices, whiteouts and opaque directories over each other, the same path twice, parents without an entry.
/// What the specification leaves open (an entry below a file, a whiteout after what its own layer brings) does not occur.
/// </summary>
internal sealed class RandomImage
{
    private static readonly string[] s_names = ["a", "b", "c", "d.e", "é", ".f"];
    private static readonly uint[] s_fileModes = [0x1A4, 0x1ED, 0x9ED, 0x180, 0x000];
    private static readonly uint[] s_directoryModes = [0x1ED, 0x1C0, 0x3FF, 0x16D];

    private readonly Random _random;
    private readonly Dictionary<string, TarEntryType> _merged = new(StringComparer.Ordinal);
    private Dictionary<string, TarEntryType> _here = new(StringComparer.Ordinal);
    private HashSet<string> _hidden = new(StringComparer.Ordinal);
    private HashSet<string> _targets = new(StringComparer.Ordinal);
    private HashSet<string> _links = new(StringComparer.Ordinal);
    private HashSet<string> _opaque = new(StringComparer.Ordinal);

    internal RandomImage(int seed)
    {
        _random = new Random(seed);
        for (int layers = _random.Next(1, 5); layers > 0; layers--)
        {
            Layers.Add(Layer());
        }
    }

    /// <summary>Plain tars, bottom first.</summary>
    internal List<byte[]> Layers { get; } = [];

    private byte[] Layer()
    {
        _here = new Dictionary<string, TarEntryType>(StringComparer.Ordinal);
        _hidden = new HashSet<string>(StringComparer.Ordinal);
        _targets = new HashSet<string>(StringComparer.Ordinal);
        _links = new HashSet<string>(StringComparer.Ordinal);
        _opaque = new HashSet<string>(StringComparer.Ordinal);
        MemoryStream stream = new();
        TarWriter writer = new(stream);
        for (int entries = _random.Next(1, 12); entries > 0; entries--)
        {
            Entry(writer, string.Join('/', Enumerable.Range(0, _random.Next(1, 4)).Select(_ => s_names[_random.Next(s_names.Length)])));
        }
        writer.Finish();
        Merge();
        return stream.ToArray();
    }

    private void Entry(TarWriter writer, string path)
    {
        // what a hardlink of this layer leads to stays as it is
        if (
            _targets.Any(t => t == path || t.StartsWith(path + "/", StringComparison.Ordinal))
            || Parents(path).Any(p => KindOf(p) is not (null or TarEntryType.Directory))
        )
        {
            return;
        }
        switch (_random.Next(20))
        {
            case < 7:
                Put(writer, path, TarEntryType.File);
                break;
            case < 12:
                Put(writer, path, TarEntryType.Directory);
                break;
            case < 14:
                Put(writer, path, TarEntryType.Symlink);
                break;
            case 14:
                Put(writer, path, TarEntryType.Fifo);
                break;
            case 15:
                Put(writer, path, TarEntryType.CharacterDevice);
                break;
            case 16:
                Put(writer, path, TarEntryType.HardLink);
                break;
            case 17:
                Opaque(writer, path);
                break;
            default:
                Whiteout(writer, path);
                break;
        }
    }

    private void Put(TarWriter writer, string path, TarEntryType type)
    {
        if (type != TarEntryType.Directory && _here.Keys.Any(p => p.StartsWith(path + "/", StringComparison.Ordinal)))
        {
            return;
        }
        string[] files =
        [
            .. Known().Where(p => p != path && !p.StartsWith(path + "/", StringComparison.Ordinal) && KindOf(p) == TarEntryType.File),
        ];
        if (type == TarEntryType.HardLink && files.Length == 0)
        {
            return;
        }
        string target =
            type == TarEntryType.HardLink ? files[_random.Next(files.Length)]
            : _random.Next(2) == 0 ? "../x/y"
            : "/nowhere";
        byte[] data = type == TarEntryType.File ? Encoding.UTF8.GetBytes($"{path} {_random.Next()}") : [];
        uint[] modes = type == TarEntryType.Directory ? s_directoryModes : s_fileModes;
        writer.Write(
            new TarRecord(type, Encoding.UTF8.GetBytes(path + (type == TarEntryType.Directory ? "/" : "")))
            {
                Mode = modes[_random.Next(modes.Length)],
                Uid = (uint)_random.Next(3),
                Gid = (uint)_random.Next(3),
                Size = data.Length,
                LinkName = type is TarEntryType.Symlink or TarEntryType.HardLink ? Encoding.UTF8.GetBytes(target) : default,
                DeviceMajor = type == TarEntryType.CharacterDevice ? 1u : 0,
                DeviceMinor = type == TarEntryType.CharacterDevice ? 3u : 0,
                ModificationTime = new TimeSpec
                {
                    Seconds = 1_000_000_000 + _random.Next(500_000_000),
                    Nanoseconds = _random.Next(2) * 250_000_000L,
                },
            }
        );
        if (type == TarEntryType.File)
        {
            writer.WriteData(data);
        }
        if (type != TarEntryType.Directory)
        {
            _hidden.Add(path); // also if a directory takes its place later
        }
        if (type == TarEntryType.HardLink)
        {
            _links.Add(path);
            _targets.Add(target);
        }
        Note(path, type == TarEntryType.HardLink ? TarEntryType.File : type);
    }

    private void Whiteout(TarWriter writer, string path)
    {
        bool mine = _here.ContainsKey(path) || _here.Keys.Any(p => p.StartsWith(path + "/", StringComparison.Ordinal));
        if (mine || Parents(path).Any(p => KindOf(p) is null))
        {
            return;
        }
        int slash = path.LastIndexOf('/') + 1;
        writer.WriteFile($"{path[..slash]}.wh.{path[slash..]}", []);
        _hidden.Add(path);
        foreach (string parent in Parents(path))
        {
            Imply(parent);
        }
    }

    private void Opaque(TarWriter writer, string path)
    {
        // umoci goes by the order: a directory without an entry that is made before the marker keeps what the hidden one had
        if (KindOf(path) != TarEntryType.Directory || _here.Keys.Any(p => p.StartsWith(path + "/", StringComparison.Ordinal)))
        {
            return;
        }
        if (!_here.ContainsKey(path))
        {
            Put(writer, path, TarEntryType.Directory);
        }
        writer.WriteFile($"{path}/.wh..wh..opq", []);
        _opaque.Add(path);
    }

    private void Note(string path, TarEntryType type)
    {
        foreach (string parent in Parents(path))
        {
            Imply(parent);
        }
        _here[path] = type;
    }

    private void Imply(string path)
    {
        if (!_here.ContainsKey(path))
        {
            _here[path] = TarEntryType.Directory;
        }
    }

    private IEnumerable<string> Known() => _here.Keys.Concat(_merged.Keys).Distinct().Order(StringComparer.Ordinal);

    /// <summary>What is at a path after the entries so far.</summary>
    private TarEntryType? KindOf(string path) =>
        _here.TryGetValue(path, out TarEntryType here) ? here
        : IsHidden(path) || !_merged.TryGetValue(path, out TarEntryType below) ? null
        : below;

    /// <summary>True if nothing of the layers below can be seen at the path.</summary>
    private bool IsHidden(string path) =>
        _hidden.Contains(path)
        || Parents(path)
            .Any(p =>
                _hidden.Contains(p) || _opaque.Contains(p) || (_here.TryGetValue(p, out TarEntryType t) && t != TarEntryType.Directory)
            );

    private void Merge()
    {
        foreach (string path in _merged.Keys.ToArray())
        {
            if (IsHidden(path))
            {
                _merged.Remove(path);
            }
        }
        foreach ((string path, TarEntryType type) in _here)
        {
            _merged[path] = type;
        }
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (int i = path.IndexOf('/'); i > 0; i = path.IndexOf('/', i + 1))
        {
            yield return path[..i];
        }
    }
}
