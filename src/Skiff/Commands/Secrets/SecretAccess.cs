using Skiff.CommandLine;
using Skiff.Engine;

namespace Skiff.Commands.Secrets;

/// <summary>What every verb for secrets begins with.</summary>
internal static class SecretAccess
{
    /// <summary>Opens the engine and removes what killed commands left.</summary>
    public static SkiffEngine Open(Invocation invocation)
    {
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        engine.Secrets.Sweep();
        return engine;
    }
}
