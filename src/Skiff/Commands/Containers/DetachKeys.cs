using System.Text.Json;
using Skiff.Engine.Spec;
using Skiff.Images.Registry;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>The key sequence that leaves a container's terminal: found in what is typed, and kept from the container.</summary>
internal sealed class DetachKeys
{
    /// <summary>docker's.</summary>
    internal const string Default = "ctrl-p,ctrl-q";

    private const int Longest = 32;

    private readonly byte[] _keys;
    private int _matched;

    private DetachKeys(byte[] keys) => _keys = keys;

    /// <summary>The sequence of the flag, else of <c>detachKeys</c> in docker's config.json, else <see cref="Default"/>.</summary>
    internal static DetachKeys Choose(string? flag) => Parse(flag ?? Configured() ?? Default);

    /// <summary>Reads docker's grammar: single characters and <c>ctrl-x</c> with commas between; an empty text is no sequence.</summary>
    internal static DetachKeys Parse(string text)
    {
        string[] words = OptionGrammar.ParseDetachKeys(text).Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > Longest)
        {
            throw new SkiffException($"--detach-keys: a sequence has at most {Longest} keys", 125);
        }
        byte[] keys = new byte[words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            // ctrl-@ is 0, ctrl-a to ctrl-z are 1 to 26, then come [ \ ] ^ and _.
            keys[i] = words[i].Length == 1 ? (byte)words[i][0] : (byte)(char.ToUpperInvariant(words[i][5]) - '@');
        }
        return new DetachKeys(keys);
    }

    /// <summary>Takes what was typed. True when the sequence is complete: what comes after it is dropped.</summary>
    /// <param name="typed">Any number of bytes.</param>
    /// <param name="target">What the container gets; must have room for <paramref name="typed"/> and the length of the sequence.</param>
    /// <param name="length">How much of it.</param>
    internal bool Filter(ReadOnlySpan<byte> typed, Span<byte> target, out int length)
    {
        length = 0;
        foreach (byte b in typed)
        {
            if (_keys.Length > 0 && b == _keys[_matched])
            {
                if (++_matched == _keys.Length)
                {
                    _matched = 0;
                    return true;
                }
                continue;
            }
            // It was not the sequence: the container gets what was kept from it.
            _keys.AsSpan(0, _matched).CopyTo(target[length..]);
            length += _matched;
            _matched = 0;
            if (_keys.Length > 1 && b == _keys[0])
            {
                _matched = 1;
                continue;
            }
            target[length++] = b;
        }
        return false;
    }

    private static string? Configured()
    {
        byte[]? bytes = Files.TryReadAll(AuthFile.DefaultPath(null, Environment.GetEnvironmentVariable), out _, 1 << 20);
        try
        {
            Utf8JsonReader reader = new(bytes ?? []);
            while (bytes is not null && reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
                {
                    bool found = reader.ValueTextEquals("detachKeys"u8);
                    reader.Read();
                    if (found)
                    {
                        return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                    }
                    reader.Skip();
                }
            }
        }
        catch (JsonException)
        {
            // whoever needs the logins of that file complains about it
        }
        return null;
    }
}
