using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>The options of ps(1) that <c>top</c> takes: which columns, in which order of lines, with or without titles.</summary>
internal sealed class TopFormat
{
    private static readonly string[] s_full = ["uid=UID", "pid", "ppid", "c", "stime", "tty", "time", "cmd"];
    private static readonly string[] s_extra = ["uid=UID", "pid", "ppid", "c", "sz", "rss", "psr", "stime", "tty", "time", "cmd"];
    private static readonly string[] s_long = ["f", "s", "uid", "pid", "ppid", "c", "pri", "ni", "sz", "wchan", "tty", "time", "cmd"];
    private static readonly string[] s_jobs = ["pid", "pgid", "sid", "tty", "time", "cmd"];
    private static readonly string[] s_user = ["user", "pid", "%cpu", "%mem", "vsz", "rss", "tty", "stat", "start", "bsdtime", "args"];
    private readonly List<TopColumn> _asked = [];
    private readonly List<(TopColumn Column, bool Descending)> _sort = [];
    private string[]? _named;

    private TopFormat() { }

    /// <summary>The columns.</summary>
    public IReadOnlyList<TopColumn> Columns { get; private set; } = [];

    /// <summary>Whether the first line has the titles.</summary>
    public bool Titles { get; private set; } = true;

    /// <summary>Reads the words from <paramref name="next"/> on. Throws <see cref="SkiffException"/> for what ps knows and we do not.</summary>
    public static TopFormat Parse(IReadOnlyList<string> words, int next)
    {
        TopFormat format = new();
        while (next < words.Count)
        {
            string word = words[next++];
            next =
                word.StartsWith("--", StringComparison.Ordinal) ? format.Long(word, words, next)
                : word is ['-', _, ..] ? format.Letters(word[1..], words, next, bsd: false)
                : word.Length > 1 && TopColumns.TryFind(word.Split(',', '=')[0]) is not null ? format.Add(word, next)
                : format.Letters(word, words, next, bsd: true);
        }
        format.Columns = format._asked.Count > 0 ? format._asked : [.. (format._named ?? s_full).Select(Column)];
        return format;
    }

    /// <summary>Sorts the lines: as asked, else by number.</summary>
    public void Sort(List<TopProcess> processes) => processes.Sort(Compare);

    private int Compare(TopProcess a, TopProcess b)
    {
        foreach ((TopColumn column, bool descending) in _sort)
        {
            int order = column.Key is { } key ? key(a).CompareTo(key(b)) : string.CompareOrdinal(column.Cell(a), column.Cell(b));
            if (order != 0)
            {
                return descending ? -order : order;
            }
        }
        return a.Pid.CompareTo(b.Pid);
    }

    private int Long(string word, IReadOnlyList<string> words, int next)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? word : word[..equals];
        string Argument() =>
            equals >= 0 ? word[(equals + 1)..]
            : next < words.Count ? words[next++]
            : throw new SkiffException($"{name} needs a value", 125);
        switch (name)
        {
            case "--format":
                Add(Argument(), next);
                break;
            case "--sort":
                AddSort(Argument());
                break;
            case "--no-headers" or "--no-heading":
                Titles = false;
                break;
            case "--headers" or "--forest":
                break;
            default:
                throw Unknown(word);
        }
        return next;
    }

    private int Letters(string letters, IReadOnlyList<string> words, int next, bool bsd)
    {
        for (int i = 0; i < letters.Length; i++)
        {
            char letter = letters[i];
            switch (letter)
            {
                case 'o':
                    string list =
                        i + 1 < letters.Length ? letters[(i + 1)..]
                        : next < words.Count ? words[next++]
                        : throw new SkiffException("the option o of top needs a list of columns, such as -o pid,user,args", 125);
                    return Add(list, next);
                case 'k' when bsd:
                    AddSort(
                        i + 1 < letters.Length ? letters[(i + 1)..]
                        : next < words.Count ? words[next++]
                        : throw new SkiffException("the option k of top needs a column to sort by", 125)
                    );
                    return next;
                case 'f' when !bsd:
                    _named ??= s_full;
                    break;
                case 'F' when !bsd:
                    _named = s_extra;
                    break;
                case 'l':
                    _named = s_long;
                    break;
                case 'j':
                    _named = s_jobs;
                    break;
                case 'u' when bsd:
                    _named = s_user;
                    break;
                case 'h' when bsd:
                    Titles = false;
                    break;
                case 'e' or 'A' or 'a' or 'd' or 'x' or 'w' or 'y' or 'r' or 'f' or 'H':
                    break; // which processes, and how wide: given here
                default:
                    throw Unknown(bsd ? letters : "-" + letters);
            }
        }
        return next;
    }

    private int Add(string list, int next)
    {
        // ps takes commas and blanks; a title ends the list, and so it may contain commas.
        foreach (string item in list.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))
        {
            _asked.Add(Column(item));
        }
        return next;
    }

    private void AddSort(string list)
    {
        foreach (string item in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            _sort.Add((TopColumns.Find(item.TrimStart('+', '-')), item[0] == '-'));
        }
    }

    private static TopColumn Column(string item)
    {
        int equals = item.IndexOf('=', StringComparison.Ordinal);
        // The UID of -f is a name: that is how ps has it.
        TopColumn column = item == "uid=UID" ? TopColumns.Find("user") : TopColumns.Find(equals < 0 ? item : item[..equals]);
        return equals < 0 ? column : column with { Title = item[(equals + 1)..] };
    }

    private static SkiffException Unknown(string word) =>
        new($"top does not know {word}: it reads ps options such as -ef, aux, -o COLUMNS, --sort COLUMN; see 'skiff top --help'", 125);
}
