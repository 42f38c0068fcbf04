using System.Text;
using Skiff.Linux;

namespace Skiff.Engine.Secrets;

/// <summary>The names that secrets may have: podman's, without control characters, which would break lists.</summary>
public static class SecretName
{
    private const int Longest = 253;

    /// <summary>Whether a secret may be called so. A name is a file's name too.</summary>
    public static bool IsValid(string name)
    {
        if (name.Length == 0 || name is "." or ".." || Encoding.UTF8.GetByteCount(name) > Longest)
        {
            return false;
        }
        foreach (char c in name)
        {
            if (c is '=' or '/' or ',' || char.IsControl(c))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Throws unless <see cref="IsValid"/>.</summary>
    public static void Check(string name, int exitCode = 1)
    {
        if (!IsValid(name))
        {
            throw new SkiffException(
                $"\"{name}\" cannot be the name of a secret: 1 to {Longest} bytes without '=', '/', ',' and control characters are expected",
                exitCode
            );
        }
    }
}
