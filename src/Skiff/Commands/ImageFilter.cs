using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary>Which images, and which of their names, a listing shows.</summary>
internal sealed class ImageFilter
{
    private Filters _filters = Filters.Parse([]);
    private bool? _dangling;
    private Reference? _only;
    private string? _pattern;
    private DateTimeOffset? _before;
    private DateTimeOffset? _since;

    private ImageFilter() { }

    /// <summary>From the flags and the argument; <paramref name="get"/> finds the images of before and since.</summary>
    public static ImageFilter From(Filters filters, string? argument, Func<string, Image> get, DateTimeOffset now)
    {
        var filter = new ImageFilter
        {
            _filters = filters,
            _dangling = filters.Switch("dangling"),
            // A pattern as argument is the filter reference=, as docker has it.
            _only = argument is null || argument.AsSpan().IndexOfAny("*?[") >= 0 ? null : Reference.ParseName(argument),
        };
        if (argument is not null && filter._only is null)
        {
            filter._pattern = argument;
        }
        foreach (string name in filters.Of("before"))
        {
            filter._before = Earlier(filter._before, Created(get(name)));
        }
        foreach (string name in filters.Of("since"))
        {
            DateTimeOffset created = Created(get(name));
            filter._since = filter._since is { } old && old > created ? old : created;
        }
        foreach (string time in filters.Of("until"))
        {
            filter._before = Earlier(filter._before, TimeArgument.Parse(time, now, "--filter until"));
        }
        return filter;
    }

    /// <summary>The names to show, with null for an image without a name; empty if the image is not shown.</summary>
    public IReadOnlyList<Reference?> NamesOf(Image image)
    {
        if (
            !_filters.LabelsMatch(image.Config.Labels)
            || (_before is { } before && Created(image) >= before)
            || (_since is { } since && Created(image) <= since)
        )
        {
            return [];
        }
        if (image.Names.Count == 0)
        {
            return _dangling == false || _only is not null || _pattern is not null || _filters.Of("reference").Count > 0 ? [] : [null];
        }
        if (_dangling == true)
        {
            return [];
        }
        IReadOnlyList<string> patterns = _filters.Of("reference");
        return
        [
            .. image.Names.Where(n =>
                (
                    _only is null
                    || (
                        n.Name == _only.Name
                        && (_only.Tag is null || n.Tag == _only.Tag)
                        && (_only.Digest is null || _only.Digest == image.TopDigest)
                    )
                )
                && (_pattern is null || Fits(_pattern, n))
                && (patterns.Count == 0 || patterns.Any(p => Fits(p, n)))
            ),
        ];
    }

    private static bool Fits(string pattern, Reference name) =>
        Glob.Matches(pattern, name.Familiar) || Glob.Matches(pattern, name.FamiliarName);

    private static DateTimeOffset Created(Image image) => image.Config.Created ?? DateTimeOffset.UnixEpoch;

    private static DateTimeOffset Earlier(DateTimeOffset? a, DateTimeOffset b) => a is { } have && have < b ? have : b;
}
