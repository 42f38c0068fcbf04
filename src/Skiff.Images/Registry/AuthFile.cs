using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>Runs a credential helper, docker-credential-NAME, with the protocol's action and input; returns its exit code and output.</summary>
/// <param name="program">Name of the program, searched in PATH.</param>
/// <param name="action"><c>get</c>, <c>store</c> or <c>erase</c>.</param>
/// <param name="input">What it reads from standard input.</param>
public delegate (int ExitCode, byte[] Output) CredentialHelper(string program, string action, byte[] input);

/// <summary>Docker's <c>config.json</c>: who the user is at which registry. Members that are not ours are kept as they are.</summary>
public sealed class AuthFile
{
    /// <summary>Docker's key for Docker Hub: the address of its first API.</summary>
    private const string HubKey = "https://index.docker.io/v1/";
    private const int MaxBytes = 1 << 20;

    private readonly JsonObject _root;
    private readonly CredentialHelper? _helper;

    private AuthFile(string path, JsonObject root, CredentialHelper? helper)
    {
        Location = path;
        _root = root;
        _helper = helper;
    }

    /// <summary>The file's path.</summary>
    public string Location { get; }

    /// <summary>The place of the file: <paramref name="asked"/>, else <c>$REGISTRY_AUTH_FILE</c>, <c>$DOCKER_CONFIG/config.json</c>, <c>~/.docker/config.json</c>.</summary>
    public static string DefaultPath(string? asked, Func<string, string?> environment)
    {
        if (asked is { Length: > 0 })
        {
            return asked;
        }
        if (environment("REGISTRY_AUTH_FILE") is { Length: > 0 } file)
        {
            return file;
        }
        return environment("DOCKER_CONFIG") is { Length: > 0 } directory
            ? Path.Combine(directory, "config.json")
            : Path.Combine(environment("HOME") is { Length: > 0 } home ? home : "/root", ".docker", "config.json");
    }

    /// <summary>Reads the file; a missing one is empty, an unreadable or invalid one is a <see cref="SkiffException"/>.</summary>
    public static AuthFile Load(string path, CredentialHelper? helper = null)
    {
        byte[]? bytes = Files.TryReadAll(path, out int errno, MaxBytes);
        if (bytes is null)
        {
            return errno is Errno.ENOENT or Errno.ENOTDIR
                ? new AuthFile(path, [], helper)
                : throw new SkiffException($"the login file {path} cannot be read: {Errno.Describe(errno)}");
        }
        try
        {
            JsonNode? node = bytes.AsSpan().Trim(" \r\n\t"u8).IsEmpty ? new JsonObject() : JsonNode.Parse(bytes);
            return new AuthFile(path, node as JsonObject ?? throw Invalid(path, null), helper);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw Invalid(path, e);
        }
    }

    /// <summary>The credential for a registry's domain; null for none.</summary>
    public Credential? Find(string domain)
    {
        string key = KeyOf(domain);
        string? helper = Text(Member("credHelpers"), domain) ?? Text(Member("credHelpers"), key) ?? Text(_root, "credsStore");
        if (helper is { Length: > 0 } && _helper is not null && AskHelper(helper, key) is Credential stored)
        {
            return stored;
        }
        if (Member("auths") is not JsonObject auths)
        {
            return null;
        }
        foreach ((string name, JsonNode? entry) in auths)
        {
            if (entry is JsonObject value && (name == key || HostOf(name) == domain) && Decode(value) is Credential credential)
            {
                return credential;
            }
        }
        return null;
    }

    /// <summary>Keeps a credential: with the helper that the file names, else in the file itself, 0600.</summary>
    public void Store(string domain, Credential credential)
    {
        string key = KeyOf(domain);
        string? helper = Text(Member("credHelpers"), domain) ?? Text(_root, "credsStore");
        JsonObject entry = [];
        if (helper is { Length: > 0 } && _helper is not null)
        {
            (int code, _) = _helper(ProgramOf(helper), "store", HelperInput(key, credential));
            if (code != 0)
            {
                throw new SkiffException(
                    $"the credential helper {ProgramOf(helper)} could not store the login for {domain} (exit code {code})"
                );
            }
        }
        else if (credential.IdentityToken.Length > 0)
        {
            entry["auth"] = Encoded(credential.Username, "");
            entry["identitytoken"] = credential.IdentityToken;
        }
        else
        {
            entry["auth"] = Encoded(credential.Username, credential.Password);
        }
        if (_root["auths"] is not JsonObject auths)
        {
            _root["auths"] = auths = [];
        }
        auths[key] = entry;
        Save();
    }

    /// <summary>Forgets a registry; false if there was nothing to forget.</summary>
    public bool Remove(string domain)
    {
        string key = KeyOf(domain);
        string? helper = Text(Member("credHelpers"), domain) ?? Text(_root, "credsStore");
        bool removed =
            helper is { Length: > 0 }
            && _helper is not null
            && _helper(ProgramOf(helper), "erase", Encoding.UTF8.GetBytes(key)).ExitCode == 0;
        if (Member("auths") is JsonObject auths)
        {
            List<string> names = [];
            foreach ((string name, _) in auths)
            {
                if (name == key || HostOf(name) == domain)
                {
                    names.Add(name);
                }
            }
            foreach (string name in names)
            {
                removed |= auths.Remove(name);
            }
        }
        if (removed)
        {
            Save();
        }
        return removed;
    }

    private static string KeyOf(string domain) => domain == Reference.DefaultDomain ? HubKey : domain;

    private static string HostOf(string key)
    {
        int scheme = key.IndexOf("://", StringComparison.Ordinal);
        string host = scheme < 0 ? key : key[(scheme + 3)..];
        int slash = host.IndexOf('/');
        // podman's files have keys for parts of a registry, host/namespace: they are no login for the whole of it.
        bool wholeRegistry = slash < 0 || scheme >= 0 || host[slash..] is "/" or "/v1/" or "/v2/" or "/v1" or "/v2";
        host = slash < 0 ? host : host[..slash];
        return !wholeRegistry ? ""
            : host is "index.docker.io" or "registry-1.docker.io" ? Reference.DefaultDomain
            : host;
    }

    private static Credential? Decode(JsonObject entry)
    {
        string identity = Text(entry, "identitytoken") ?? "";
        string user = Text(entry, "username") ?? "";
        string password = Text(entry, "password") ?? "";
        if (Text(entry, "auth") is { Length: > 0 } auth)
        {
            byte[] buffer = new byte[auth.Length];
            if (!Convert.TryFromBase64String(auth.Trim(), buffer, out int length))
            {
                return null;
            }
            string pair = Encoding.UTF8.GetString(buffer, 0, length).TrimEnd('\0');
            int colon = pair.IndexOf(':');
            (user, password) = colon < 0 ? (user, password) : (pair[..colon], pair[(colon + 1)..]);
        }
        return identity.Length == 0 && user.Length == 0 ? null : new Credential(user, password, identity);
    }

    private static string Encoded(string user, string password) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    private static string ProgramOf(string helper) =>
        Ascii.IsWord(helper, "_.-")
            ? "docker-credential-" + helper
            : throw new SkiffException($"\"{Printable.Of(helper)}\" is not the name of a credential helper");

    private Credential? AskHelper(string helper, string key)
    {
        (int code, byte[] output) = _helper!(ProgramOf(helper), "get", Encoding.UTF8.GetBytes(key));
        if (code != 0)
        {
            return null;
        }
        try
        {
            JsonObject? answer = JsonNode.Parse(output) as JsonObject;
            string user = Text(answer, "Username") ?? "";
            string secret = Text(answer, "Secret") ?? "";
            // docker-credential-helpers: this user name marks the secret as an identity token.
            return user == "<token>" ? new Credential("", "", secret)
                : secret.Length > 0 ? new Credential(user, secret)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SkiffException($"the credential helper {ProgramOf(helper)} gave an answer that is not JSON", 1, e);
        }
    }

    private static byte[] HelperInput(string key, Credential credential)
    {
        bool token = credential.IdentityToken.Length > 0;
        JsonObject input = new()
        {
            ["ServerURL"] = key,
            ["Username"] = token ? "<token>" : credential.Username,
            ["Secret"] = token ? credential.IdentityToken : credential.Password,
        };
        return Bytes(input, indented: false);
    }

    private JsonObject? Member(string name) => _root[name] as JsonObject;

    private static string? Text(JsonObject? node, string name) =>
        node?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static byte[] Bytes(JsonObject node, bool indented)
    {
        using MemoryStream stream = new();
        using (
            Utf8JsonWriter writer = new(
                stream,
                new JsonWriterOptions
                {
                    Indented = indented,
                    IndentCharacter = '\t',
                    IndentSize = 1,
                }
            )
        )
        {
            node.WriteTo(writer);
        }
        return stream.ToArray();
    }

    private void Save()
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(Location))!;
        _ = Files.TryMakeDirectory(directory, 0x1C0);
        Files.Replace(Location, Bytes(_root, indented: true), 0x180, durable: true);
    }

    private static SkiffException Invalid(string path, Exception? inner) =>
        new($"the login file {path} is not valid JSON: correct it, or move it away and log in again", 1, inner);
}
