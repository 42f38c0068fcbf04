using Skiff.CommandLine;

namespace Skiff.Commands;

/// <summary><c>skiff logout</c>.</summary>
internal static class LogoutCommand
{
    public static Command Define() =>
        new()
        {
            Name = "logout",
            WorksOutside = true,
            Summary = "Log out from a registry",
            Usage = "[OPTIONS] [SERVER]",
            Flags = [Credentials.FileFlag()],
            MaxArguments = 1,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string domain = Credentials.Domain(invocation.Arguments.Count > 0 ? invocation.Arguments[0] : "");
        invocation.Output.Line(
            Credentials.Open(invocation).Remove(domain) ? $"Removing login credentials for {domain}" : $"Not logged in to {domain}"
        );
        return 0;
    }
}
