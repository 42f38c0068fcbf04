using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <content>What secrets change in the spec: next to nothing, since config.json is a file.</content>
public sealed partial class SpecBuilder
{
    private ValueList<NameValue> Annotations()
    {
        ValueList<NameValue> annotations = _o.Init ? _o.Annotations.Add(new NameValue(SpecAnnotations.Init, "true")) : _o.Annotations;
        System.Text.StringBuilder? variables = null;
        foreach (SecretUse secret in _o.Secrets)
        {
            if (secret.IsVariable)
            {
                variables = variables?.Append(',') ?? new System.Text.StringBuilder();
                variables.Append(secret.Target).Append('=').Append(secret.Name);
            }
        }
        return variables is null ? annotations : annotations.Add(new NameValue(SpecAnnotations.SecretVariables, variables.ToString()));
    }

    /// <summary>Secrets are mounted last: none may hide a mount of the user, and none may be shown by one.</summary>
    private void CheckSecrets()
    {
        foreach (SecretUse secret in _o.Secrets)
        {
            if (secret.IsVariable)
            {
                continue;
            }
            RefuseInsideProc("", secret.Target, $", the target of the secret {secret.Name}");
            string place = secret.InDirectory is null ? secret.Target : SecretUse.Directory;
            foreach (AskedMount asked in _asked)
            {
                string target = asked.Mount.Target;
                if (target == place || target.StartsWith(place + "/", StringComparison.Ordinal))
                {
                    throw new SkiffException(
                        $"the mount on {target} and the secret {secret.Name} on {secret.Target} exclude each other: give the secret another place with --secret {secret.Name},target=/path",
                        125
                    );
                }
            }
        }
    }
}
