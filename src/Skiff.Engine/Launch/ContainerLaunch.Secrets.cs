using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <content>Secrets: where they are is part of the plan, what they hold is not.</content>
public sealed partial class ContainerLaunch
{
    private const int DrySecret = -400;

    /// <summary>More of them than a program has room for that grows while it runs.</summary>
    private const int EarlySecrets = 16;

    private LaunchInput WithSecrets(LaunchInput input, bool planned)
    {
        RunOptions options = _container.Options;
        if (options.Secrets.IsEmpty)
        {
            return input;
        }
        // In a user namespace nobody may enter the store: the child inherits the open files.
        bool inherits = LentMounts.OwnUserNamespace(input.Spec);
        List<SecretToShow> files = [];
        List<string> variables = [];
        foreach (SecretUse use in options.Secrets)
        {
            if (use.IsVariable)
            {
                variables.Add(use.Target + "=…");
                continue;
            }
            (string path, int offset, int length) = ContainerSecrets.File(_engine.Paths, _container.Record.Id, use.Name, planned);
            int? descriptor =
                !inherits ? null
                : planned ? DrySecret - files.Count
                : Hold(Files.Open(path, OpenFlags.O_RDONLY)).Value;
            files.Add(new SecretToShow(use, path, descriptor, offset, length));
        }
        return input with
        {
            Secrets = files,
            SecretVariables = planned ? variables : ContainerSecrets.Variables(_engine.Paths, _container.Record.Id, input.Spec.Annotations),
        };
    }
}
