using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Volumes;
using Skiff.Linux;

namespace Skiff.Commands.Volumes;

/// <summary><c>skiff volume create</c>.</summary>
internal static class VolumeCreateCommand
{
    public static Command Define() =>
        new()
        {
            Name = "create",
            Summary = "Create a volume",
            Usage = "[OPTIONS] [VOLUME]",
            Description =
                "Without a name one is made up. A volume that exists is left as it is.\n\nOptions of the driver local: type, device and o, as mount(8) has them; the mount is made in each container that uses the volume.\n"
                + "  --opt type=none --opt o=bind --opt device=/srv/data    a directory of the host\n"
                + "  --opt type=tmpfs --opt device=tmpfs --opt o=size=100m  memory\n"
                + "  --opt type=nfs --opt o=addr=10.0.0.1 --opt device=:/x  a directory of another host",
            Flags =
            [
                Flag.Text("driver", "Driver of the volume", 'd') with
                {
                    Default = "local",
                    Choices = ["local"],
                },
                Flag.List("label", "Set a label: NAME[=VALUE]"),
                Flag.List("opt", "Set an option of the driver: NAME=VALUE", 'o'),
            ],
            MaxArguments = 1,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = VolumeAccess.Open(invocation);
        Dictionary<string, string> labels = Pairs(invocation, "label");
        string name = invocation.Arguments.Count > 0 ? invocation.Arguments[0] : "";
        if (name.Length == 0)
        {
            name = VolumeName.New();
            labels[Volume.AnonymousLabel] = "";
        }
        Volume asked = new()
        {
            Name = name,
            Driver = invocation.Value("driver") ?? "local",
            Labels = labels,
            Options = Pairs(invocation, "opt"),
            Created = TimeProvider.System.GetUtcNow(),
        };
        _ = engine.Volumes.Create(asked, out _);
        invocation.Output.Line(name);
        return 0;
    }

    private static Dictionary<string, string> Pairs(Invocation invocation, string flag)
    {
        Dictionary<string, string> pairs = new(StringComparer.Ordinal);
        foreach (string text in invocation.Values(flag))
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals == 0 || (equals < 0 && flag == "opt"))
            {
                throw new SkiffException($"--{flag} {text}: expected NAME=VALUE", 125);
            }
            pairs[equals < 0 ? text : text[..equals]] = equals < 0 ? "" : text[(equals + 1)..];
        }
        return pairs;
    }
}
