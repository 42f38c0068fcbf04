using Skiff.Compose.Yaml;

namespace Skiff.Compose.Schema;

/// <summary>What a value of a compose file may be.</summary>
internal enum ShapeKind
{
    /// <summary>Anything: <c>x-</c> extensions.</summary>
    Any,

    /// <summary>Text; a number is none, as in the specification.</summary>
    Text,

    /// <summary>Text, or a number that becomes text.</summary>
    Word,

    /// <summary>A bool, or text that is one.</summary>
    Bool,

    /// <summary>A whole number, or text that is one.</summary>
    Int,

    /// <summary>A number, or text that is one.</summary>
    Float,

    /// <summary>A number of bytes, as text with a unit or not; becomes decimal text.</summary>
    Bytes,

    /// <summary>A duration, Go's notation.</summary>
    Duration,

    /// <summary>Text that is a path, relative to the file's directory.</summary>
    Path,

    /// <summary>A path, or a URL that is left alone.</summary>
    PathOrUrl,

    /// <summary>A command: a list of words, or text that is split into words.</summary>
    Command,

    /// <summary>A mapping of words, or a list of <c>name=value</c>.</summary>
    Pairs,

    /// <summary>A mapping with known keys.</summary>
    Object,

    /// <summary>A mapping from names to values of one shape.</summary>
    MapOf,

    /// <summary>A list of values of one shape.</summary>
    ListOf,
}

/// <summary>How lists and mappings of two files become one.</summary>
internal enum MergeRule
{
    /// <summary>Mappings by key, lists appended without doubles, others replaced.</summary>
    Default,

    /// <summary>The later one counts alone.</summary>
    Replace,

    /// <summary><c>logging</c>: options are merged only where the driver is the same.</summary>
    SameDriver,
}

/// <summary>The shape of a value: the check, the long form, the merging and the output are all made from it.</summary>
/// <param name="Kind">What it is.</param>
internal sealed record Shape(ShapeKind Kind)
{
    /// <summary>The keys of an object, in the order docker compose prints them.</summary>
    public IReadOnlyList<Field> Fields { get; init; } = [];

    /// <summary>The shape of the items or entries.</summary>
    public Shape? Item { get; init; }

    /// <summary>Turns a short form into the long one or several; gets a node of another kind than the shape's, and may leave it.</summary>
    public Func<Node, Node>? Long { get; init; }

    /// <summary>A list may be written as one item.</summary>
    public bool OneIsList { get; init; }

    /// <summary>A mount: the source of a bind mount is a path.</summary>
    public bool IsMount { get; init; }

    /// <summary>What a null value of <see cref="ShapeKind.Pairs"/> means: null itself, or empty text.</summary>
    public bool NullIsEmpty { get; init; }

    /// <summary>The key that an item of a list must not share with another one; null for the whole item.</summary>
    public Func<Node, string>? Key { get; init; }

    /// <summary>How it is merged.</summary>
    public MergeRule Merge { get; init; }

    /// <summary>The only texts there are; null for any.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>The field of that name, or null.</summary>
    public Field? Find(string name)
    {
        foreach (Field field in Fields)
        {
            if (field.Name == name)
            {
                return field;
            }
        }
        return null;
    }
}

/// <summary>What Skiff makes of a key.</summary>
internal enum Standing
{
    /// <summary>It has effect.</summary>
    Used,

    /// <summary>It has none with docker compose either; said once.</summary>
    Ignored,

    /// <summary>An error: without it the service would not be what was asked for.</summary>
    Refused,
}

/// <summary>A key of an object.</summary>
/// <param name="Name">The key.</param>
/// <param name="Shape">The shape of its value.</param>
/// <param name="Standing">What Skiff makes of it.</param>
/// <param name="Why">The reason where it is ignored or refused.</param>
internal sealed record Field(string Name, Shape Shape, Standing Standing = Standing.Used, string Why = "")
{
    /// <summary>It must be there.</summary>
    public bool Required { get; init; }
}
