using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>Reads config.json of any OCI bundle: unknown members are ignored, sizes are limited, versions 1.x are accepted (OCI-03).</summary>
public static partial class RuntimeSpecReader
{
    /// <summary>Greatest size of a config.json: it holds lists of some hundred entries at most.</summary>
    public const int MaxBytes = 8 << 20;

    private const int MaxDepth = 32;
    private const int MaxItems = 65536;

    /// <summary>Parses the bytes of config.json.</summary>
    /// <exception cref="SkiffException">It is not valid; the sentence names the member.</exception>
    public static RuntimeSpec Parse(ReadOnlySpan<byte> bytes) => Guard(bytes, "config.json", Spec);

    /// <summary>Parses a <c>process</c> object alone, as <c>exec --process</c> takes it.</summary>
    public static ProcessSpec ParseProcess(ReadOnlySpan<byte> bytes) => Guard(bytes, "process.json", Process);

    /// <summary>Parses a <c>resources</c> object alone, as <c>update --resources</c> takes it.</summary>
    public static ResourcesSpec ParseResources(ReadOnlySpan<byte> bytes) => Guard(bytes, "the resources", Resources);

    private delegate T Reading<T>(ref Utf8JsonReader reader);

    private static T Guard<T>(ReadOnlySpan<byte> bytes, string what, Reading<T> read)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new SkiffException($"{what} has {bytes.Length} bytes, more than the {MaxBytes} that are accepted", 1);
        }
        bytes = bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
        Utf8JsonReader reader = new(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            reader.Read();
            T result = read(ref reader);
            // Anything after the object is not JSON.
            _ = reader.Read();
            return result;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new SkiffException($"{what} is not valid: {JsonMistake.Of(e)} (near byte {reader.TokenStartIndex})", 1, e);
        }
    }

    private static RuntimeSpec Spec(ref Utf8JsonReader r)
    {
        RuntimeSpec spec = new() { OciVersion = "" };
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "ociVersion":
                    spec = spec with { OciVersion = Text(ref r) };
                    break;
                case "process":
                    spec = spec with { Process = Process(ref r) };
                    break;
                case "root":
                    spec = spec with { Root = Root(ref r) };
                    break;
                case "hostname":
                    spec = spec with { Hostname = Text(ref r) };
                    break;
                case "domainname":
                    spec = spec with { Domainname = Text(ref r) };
                    break;
                case "mounts":
                    spec = spec with { Mounts = List(ref r, Mount) };
                    break;
                case "hooks":
                    spec = spec with { Hooks = Hooks(ref r) };
                    break;
                case "annotations":
                    spec = spec with { Annotations = Map(ref r) };
                    break;
                case "linux":
                    spec = spec with { Linux = Linux(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        CheckVersion(spec.OciVersion);
        return spec;
    }

    private static void CheckVersion(string version)
    {
        if (version.Length == 0)
        {
            throw new JsonException("ociVersion is missing");
        }
        // SemVer: within a major version everything newer may be read by ignoring what is unknown; crun 1.8.1 was stricter and refused 1.3.0.
        string[] parts = version.Split('.', 3);
        if (
            parts.Length != 3
            || parts[0] != "1"
            || !uint.TryParse(parts[1], out _)
            || parts[2].Length == 0
            || !char.IsAsciiDigit(parts[2][0])
        )
        {
            throw new SkiffException($"config.json has ociVersion {version}; Skiff reads 1.x", 1);
        }
    }

    private static RootSpec Root(ref Utf8JsonReader r)
    {
        RootSpec root = new("");
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "path":
                    root = root with { Path = Text(ref r) };
                    break;
                case "readonly":
                    root = root with { ReadOnly = Switch(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return root;
    }

    private static MountSpec Mount(ref Utf8JsonReader r)
    {
        MountSpec mount = new() { Destination = "" };
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "destination":
                    mount = mount with { Destination = Text(ref r) };
                    break;
                case "type":
                    mount = mount with { Type = Text(ref r) };
                    break;
                case "source":
                    mount = mount with { Source = Text(ref r) };
                    break;
                case "options":
                    mount = mount with { Options = Strings(ref r) };
                    break;
                case "uidMappings":
                    mount = mount with { UidMappings = List(ref r, IdMap) };
                    break;
                case "gidMappings":
                    mount = mount with { GidMappings = List(ref r, IdMap) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return mount.Destination.Length > 0 ? mount : throw new JsonException("a mount has no destination");
    }

    private static HooksSpec Hooks(ref Utf8JsonReader r)
    {
        HooksSpec hooks = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "prestart":
                    hooks = hooks with { Prestart = List(ref r, Hook) };
                    break;
                case "createRuntime":
                    hooks = hooks with { CreateRuntime = List(ref r, Hook) };
                    break;
                case "createContainer":
                    hooks = hooks with { CreateContainer = List(ref r, Hook) };
                    break;
                case "startContainer":
                    hooks = hooks with { StartContainer = List(ref r, Hook) };
                    break;
                case "poststart":
                    hooks = hooks with { Poststart = List(ref r, Hook) };
                    break;
                case "poststop":
                    hooks = hooks with { Poststop = List(ref r, Hook) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return hooks;
    }

    private static HookSpec Hook(ref Utf8JsonReader r)
    {
        HookSpec hook = new("", default, default, null);
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "path":
                    hook = hook with { Path = Text(ref r) };
                    break;
                case "args":
                    hook = hook with { Args = Strings(ref r) };
                    break;
                case "env":
                    hook = hook with { Env = Strings(ref r) };
                    break;
                case "timeout":
                    hook = hook with { TimeoutSeconds = r.TokenType == JsonTokenType.Null ? null : r.GetInt32() };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return hook.Path.StartsWith('/') ? hook : throw new JsonException($"the hook \"{hook.Path}\" has no absolute path");
    }

    // Small things shared by all objects. A null stands for an absent value everywhere, as Go's decoder has it.

    /// <summary>Enters an object and goes to its first member; false when it has none or is null.</summary>
    private static bool First(ref Utf8JsonReader r, out string name)
    {
        name = "";
        return r.TokenType != JsonTokenType.Null
            && (r.TokenType == JsonTokenType.StartObject ? Next(ref r, out name) : throw new JsonException("an object was expected"));
    }

    /// <summary>Goes from the end of a member's value to the next member, and there to its value; false at the end of the object.</summary>
    private static bool Next(ref Utf8JsonReader r, out string name)
    {
        r.Read();
        bool more = r.TokenType == JsonTokenType.PropertyName;
        name = more ? r.GetString()! : "";
        if (more)
        {
            r.Read();
        }
        return more;
    }

    private static void Skip(ref Utf8JsonReader r) => r.Skip();

    private static string Text(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? "" : r.GetString() ?? "";

    private static bool Switch(ref Utf8JsonReader r) => r.TokenType != JsonTokenType.Null && r.GetBoolean();

    private static long? Number(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetInt64();

    private static ulong? Unsigned(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetUInt64();

    private static uint? Unsigned32(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetUInt32();

    private static int? Integer(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetInt32();

    private static ValueList<T> List<T>(ref Utf8JsonReader r, Reading<T> read)
    {
        if (r.TokenType == JsonTokenType.Null)
        {
            return default;
        }
        if (r.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("a list was expected");
        }
        List<T> items = [];
        while (r.Read() && r.TokenType != JsonTokenType.EndArray)
        {
            items.Add(items.Count < MaxItems ? read(ref r) : throw new JsonException($"a list has more than {MaxItems} entries"));
        }
        return [.. items];
    }

    private static ValueList<string> Strings(ref Utf8JsonReader r) => List(ref r, Text);

    private static ValueList<NameValue> Map(ref Utf8JsonReader r) =>
        Members(ref r, static (string name, ref Utf8JsonReader value) => new NameValue(name, Text(ref value)));

    private delegate T NamedReading<T>(string name, ref Utf8JsonReader reader);

    private static ValueList<T> Members<T>(ref Utf8JsonReader r, NamedReading<T> read)
    {
        List<T> items = [];
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            items.Add(items.Count < MaxItems ? read(name, ref r) : throw new JsonException($"an object has more than {MaxItems} members"));
        }
        return [.. items];
    }

    private static IdMapping IdMap(ref Utf8JsonReader r)
    {
        uint inside = 0;
        uint outside = 0;
        uint size = 0;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "containerID":
                    inside = r.GetUInt32();
                    break;
                case "hostID":
                    outside = r.GetUInt32();
                    break;
                case "size":
                    size = r.GetUInt32();
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return new IdMapping(inside, outside, size);
    }
}
