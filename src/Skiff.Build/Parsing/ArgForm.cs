namespace Skiff.Build.Parsing;

/// <summary>The arguments of ARG: names, with or without a default.</summary>
internal static class ArgForm
{
    /// <summary>Reads them; a name without default has null.</summary>
    internal static List<(string Name, string? Default)> Read(Instruction instruction, char escape)
    {
        List<(string, string?)> args = [];
        foreach (string word in WordList.Split(instruction.Arguments, escape))
        {
            int equals = word.IndexOf('=');
            string name = equals < 0 ? word : word[..equals];
            args.Add(
                name.Length == 0 || name.AsSpan().IndexOfAny("\"'$") >= 0
                    ? throw DockerfileException.At(instruction, $"ARG: \"{word}\" is no name: ARG NAME or ARG NAME=default")
                    : (name, equals < 0 ? null : word[(equals + 1)..])
            );
        }
        return args;
    }
}
