using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Images.Registry;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands;

/// <summary><c>skiff login</c>.</summary>
internal static class LoginCommand
{
    public static Command Define() =>
        new()
        {
            Name = "login",
            WorksOutside = true,
            Summary = "Log in to a registry",
            Usage = "[OPTIONS] [SERVER]",
            Description = "The login is tried before it is kept. Without SERVER it is docker.io.",
            Flags =
            [
                Credentials.FileFlag(),
                Flag.Text("password", "Password or access token (visible to others: use --password-stdin)", 'p'),
                Flag.Bool("password-stdin", "Read the password from standard input"),
                Flag.Bool("tls-verify", "Require TLS with a valid certificate from the registry") with
                {
                    Default = "true",
                },
                Flag.Text("username", "User name", 'u'),
            ],
            MaxArguments = 1,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string domain = Credentials.Domain(invocation.Arguments.Count > 0 ? invocation.Arguments[0] : "");
        AuthFile file = Credentials.Open(invocation);
        Credential credential = Ask(invocation, file, domain, out bool stored);
        using Interruption interruption = new();
        var options = RegistryOptions.WithLogins(invocation.Is("tls-verify", true), null, null);
        if (!RegistryClient.VerifyLogin(domain, credential, options, interruption.Token))
        {
            invocation.Output.Warn($"{domain} did not ask for a login: it was not checked");
        }
        if (!stored)
        {
            file.Store(domain, credential);
        }
        invocation.Output.Line("Login Succeeded");
        return 0;
    }

    private static Credential Ask(Invocation invocation, AuthFile file, string domain, out bool stored)
    {
        Output output = invocation.Output;
        string? user = invocation.Value("username");
        string? password = invocation.Value("password");
        bool fromInput = invocation.Is("password-stdin");
        stored = false;
        if (fromInput && (password is not null || user is null or ""))
        {
            throw invocation.Usage(
                password is not null ? "--password and --password-stdin exclude each other" : "--password-stdin needs --username",
                1
            );
        }
        if (password is not null)
        {
            output.Warn("a password on the command line is visible to every user of this machine: use --password-stdin");
        }
        if (fromInput)
        {
            using var reader = new StreamReader(StandardStreams.Input());
            password = reader.ReadToEnd().TrimEnd('\r', '\n');
        }
        if (user is null && password is null && file.Find(domain) is { } known)
        {
            output.Line($"Authenticating with existing credentials... [{known}]");
            stored = true;
            return known;
        }
        if ((user is null || password is null) && !Tty.IsTerminal(0))
        {
            throw new SkiffException("a login needs a terminal, or --username with --password-stdin");
        }
        if (user is null or "")
        {
            output.Error("Username: ");
            user = Prompt.ReadLine() ?? "";
        }
        password ??= Prompt.ReadSecret(output, "Password: ");
        return user.Length > 0 && password is { Length: > 0 }
            ? new Credential(user, password)
            : throw new SkiffException("a user name and a password are needed");
    }
}
