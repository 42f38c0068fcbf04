using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary><c>--chmod</c>: an octal mode, or chmod(1)'s letters.</summary>
internal static class ChmodForm
{
    /// <summary>Makes the function from a mode, and whether it is a directory's, to the new mode.</summary>
    /// <exception cref="SkiffException">It is malformed.</exception>
    internal static Func<uint, bool, uint> Parse(string text)
    {
        if (text.Length > 0 && text.AsSpan().IndexOfAnyExceptInRange('0', '7') < 0)
        {
            uint mode = text.Length <= 5 ? Convert.ToUInt32(text, 8) : uint.MaxValue;
            return mode <= 0xFFF ? (_, _) => mode : throw Wrong(text);
        }
        List<(uint Who, char Action, string Rights)> clauses = [];
        foreach (string clause in text.Split(','))
        {
            int at = 0;
            uint who = 0;
            while (at < clause.Length && clause[at] is 'u' or 'g' or 'o' or 'a')
            {
                who |= clause[at++] switch
                {
                    'u' => 0x9C0, // its rights and setuid
                    'g' => 0x438,
                    'o' => 0x207,
                    _ => 0xFFFu,
                };
            }
            who = who == 0 ? 0xFFF : who;
            if (at >= clause.Length || clause[at] is not ('+' or '-' or '='))
            {
                throw Wrong(text);
            }
            while (at < clause.Length)
            {
                char action = clause[at] is '+' or '-' or '=' ? clause[at++] : throw Wrong(text);
                int start = at;
                while (at < clause.Length && clause[at] is 'r' or 'w' or 'x' or 'X' or 's' or 't' or 'u' or 'g' or 'o')
                {
                    at++;
                }
                clauses.Add((who, action, clause[start..at]));
            }
        }
        return (mode, isDirectory) =>
        {
            foreach ((uint who, char action, string rights) in clauses)
            {
                uint bits = Bits(rights, mode, isDirectory) & who;
                mode = action switch
                {
                    '+' => mode | bits,
                    '-' => mode & ~bits,
                    _ => (mode & ~(who & 0x1FF)) | bits,
                };
            }
            return mode;
        };
    }

    private static uint Bits(string rights, uint mode, bool isDirectory)
    {
        uint bits = 0;
        foreach (char c in rights)
        {
            bits |= c switch
            {
                'r' => 0x124,
                'w' => 0x92,
                'x' => 0x49,
                'X' => isDirectory || (mode & 0x49) != 0 ? 0x49u : 0,
                's' => 0xC00,
                't' => 0x200,
                'u' => ((mode >> 6) & 7) * 0x49,
                'g' => ((mode >> 3) & 7) * 0x49,
                _ => (mode & 7) * 0x49,
            };
        }
        return bits;
    }

    private static SkiffException Wrong(string text) =>
        new($"--chmod={text}: an octal mode such as 755 is due, or letters such as u=rwX,go=rX");
}
