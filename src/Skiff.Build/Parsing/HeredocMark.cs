namespace Skiff.Build.Parsing;

/// <summary>The word that begins a heredoc: <c>&lt;&lt;EOF</c>, <c>3&lt;&lt;-"END"</c>.</summary>
public static class HeredocMark
{
    /// <summary>A heredoc without its content; null for another word.</summary>
    public static Heredoc? TryParse(string word, char escape)
    {
        int at = 0;
        while (at < word.Length && char.IsAsciiDigit(word[at]))
        {
            at++;
        }
        if (at > 4 || !word.AsSpan(at).StartsWith("<<"))
        {
            return null;
        }
        int descriptor = at == 0 ? 0 : int.Parse(word.AsSpan(0, at));
        string rest = word[(at + 2)..];
        bool strips = rest.StartsWith('-');
        rest = strips ? rest[1..] : rest;
        if (rest.Length == 0 || rest.Contains('<'))
        {
            return null;
        }
        string name = Expansion.Unquote(rest, escape);
        return name.Length == 0 ? null : new Heredoc(name, "", Expands: name == rest, descriptor, strips);
    }
}
