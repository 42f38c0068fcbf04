using System.Text.Json;
using Skiff.Linux.Seccomp;

namespace Skiff.Engine.Spec;

/// <summary>The built-in seccomp profile for the default capabilities as the ready-made text of <c>linux.seccomp</c>: other runtimes read the rules, and Skiff knows them again without reading them.</summary>
internal static partial class BuiltInProfile
{
    /// <summary>The object for a machine; a test compares it with the profile.</summary>
    internal static ReadOnlySpan<byte> Json(SeccompArchitecture native) => native == SeccompArchitecture.Arm64 ? Arm64 : X64;

    /// <summary>Goes to the end of the object that the reader stands on if it is this profile, white space aside; otherwise the reader stays where it is.</summary>
    internal static bool TrySkip(ref Utf8JsonReader reader)
    {
        Utf8JsonReader own = new(Json(SeccompArchitectures.Native));
        own.Read();
        Utf8JsonReader other = reader;
        do
        {
            if (own.TokenType != other.TokenType || !own.ValueSpan.SequenceEqual(other.ValueSpan))
            {
                return false;
            }
        } while (own.Read() && other.Read());
        reader = other;
        return true;
    }
}
