using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Boot;

/// <summary>Tells once per store, and only on a terminal, that restart policies need one command to outlive a reboot.</summary>
internal static class BootHint
{
    public static void Show(SkiffEngine engine, RestartPolicy policy, Invocation invocation)
    {
        if (!BootPolicy.Concerns(policy) || !Tty.IsTerminal(2) || BootUnit.Of(invocation.Globals).IsInstalled)
        {
            return;
        }
        using SafeFd? first = Files.TryOpen(
            engine.Paths.Root + "/boot-hint",
            OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL,
            out _,
            0x180
        );
        if (first is not null)
        {
            invocation.Output.ErrorLine(
                $"skiff: hint: --restart {policy} works until the next reboot; \"skiff system boot install\" arranges once for all that it works after it too"
            );
        }
    }
}
