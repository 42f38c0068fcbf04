using Skiff.CommandLine;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary>Verbs with several arguments: one that fails does not stop the others, and the exit code is 1.</summary>
internal static class Each
{
    /// <summary>Runs the work for every argument; an error is printed at once.</summary>
    public static int Argument(Invocation invocation, Action<string> work)
    {
        int code = 0;
        foreach (string argument in invocation.Arguments)
        {
            try
            {
                work(argument);
            }
            catch (Exception e) when (e is SkiffException or LinuxException)
            {
                invocation.Output.ErrorLine($"skiff: {e.Message}");
                code = 1;
            }
        }
        return code;
    }
}
