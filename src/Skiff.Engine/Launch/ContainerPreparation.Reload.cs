using System.Text.Json;
using Skiff.Engine.Containers;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Terminal;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <content>A container that exists, made ready to be started again.</content>
public static partial class ContainerPreparation
{
    /// <summary>The options that a container was created with.</summary>
    public static RunOptions OptionsOf(ContainerRecord record)
    {
        Utf8JsonReader reader = new(record.Options.Span);
        reader.Read();
        return RunOptionsJson.Read(ref reader);
    }

    /// <summary>Makes the spec anew from what was asked then, with the host as it is now and the anonymous volumes that exist; nothing is started, and nothing changes before <see cref="MakeReady"/>.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="terminal">The size of its terminal; null for this process's, if it has one.</param>
    /// <exception cref="SkiffException">The image is gone, or the host has changed so that it does not fit any more.</exception>
    public static PreparedContainer Reload(SkiffEngine engine, ContainerRecord record, WindowSize? terminal = null)
    {
        RunOptions options = OptionsOf(record);
        Image? image = record.ImageId.Length == 0 ? null : engine.Images.Get(record.ImageId);
        return Plan(engine, options, image, record.Foreground, record.Id, record, terminal) with { Record = record };
    }

    /// <summary>Makes the files and volumes of a container that is to be started again.</summary>
    public static void MakeReady(SkiffEngine engine, PreparedContainer container)
    {
        EtcFiles.WriteEarly(engine, container.Record.Id, container.Options, container.Result.Spec.Hostname ?? container.Record.ShortId);
        MappedLayer.Ensure(engine, container);
        VolumePreparation.Prepare(engine, container, first: false);
        PeerLookup.TellShared(engine, container.Options);
    }

    /// <summary>The spec that the container runs or ran with, or would if it never did.</summary>
    internal static RuntimeSpec SpecOf(SkiffEngine engine, ContainerRecord record)
    {
        if (engine.Containers.ReadConfig(record.Id, out int errno) is { } config)
        {
            return RuntimeSpecReader.Parse(config);
        }
        if (errno != Errno.ENOENT)
        {
            throw new LinuxException("read", engine.Paths.Config(record.Id), errno);
        }
        Image? image = record.ImageId.Length == 0 ? null : engine.Images.Get(record.ImageId);
        return Plan(engine, OptionsOf(record), image, record.Foreground, record.Id, record).Result.Spec;
    }

    private static Dictionary<string, string> LogOptions(RunOptions options)
    {
        Dictionary<string, string> map = [];
        foreach (NameValue option in options.LogOptions)
        {
            map[option.Name] = option.Value;
        }
        return map;
    }

    private static List<string> Exposed(RunOptions options, Image? image)
    {
        List<string> ports = image is null ? [] : [.. image.Config.ExposedPorts];
        foreach (ExposedPort port in options.Expose)
        {
            for (int number = port.Port; number <= port.PortEnd; number++)
            {
                Add($"{number}/{port.Protocol}");
            }
        }
        foreach (PortMapping port in options.Ports)
        {
            for (int number = port.ContainerPort; number <= port.ContainerPortEnd; number++)
            {
                Add($"{number}/{port.Protocol}");
            }
        }
        return ports;

        void Add(string port)
        {
            if (!ports.Contains(port))
            {
                ports.Add(port);
            }
        }
    }
}
