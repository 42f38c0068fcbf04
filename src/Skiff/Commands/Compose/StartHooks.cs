using Skiff.Compose;
using Skiff.Compose.Yaml;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Compose;

/// <summary><c>post_start</c>: commands in a container that has just been started.</summary>
internal static class StartHooks
{
    /// <summary>Runs them, one after the other.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="service">The service.</param>
    /// <param name="id">The container.</param>
    /// <exception cref="SkiffException">One ended with another code than 0.</exception>
    public static void Run(SkiffEngine engine, ComposeService service, string id)
    {
        foreach (Node hook in service.Node.ItemsOf("post_start"))
        {
            ContainerRecord record = engine.Containers.Find(id);
            ContainerState state = engine.Reconciler.Check(record) ?? throw engine.Containers.Missing(record.Name);
            using SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
            ExecWishes wishes = new()
            {
                Arguments = [.. hook.ItemsOf("command").Select(static w => w.Text)],
                Environment = [.. hook.EntriesOf("environment").Select(static e => new NameValue(e.Key, e.Value.Text))],
                Workdir = hook.TextOf("working_dir"),
                User = hook.TextOf("user"),
                Privileged = hook.Is("privileged"),
                ProtectSelf = false,
                Standard = (nothing.Value, 1, 2),
            };
            using ContainerExec exec = ContainerExec.Start(engine, record, state, wishes);
            int code = exec.Finish();
            if (code != 0)
            {
                throw new SkiffException(
                    $"service {service.Name}: the post_start command {string.Join(' ', wishes.Arguments)} ended with {code}"
                );
            }
        }
    }
}
