using System.Globalization;
using System.Text;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Compose.Planning;
using Skiff.Display;
using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Format;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>Verbs of compose that show something of the services' containers in a form of their own: top, port, images, volumes.</summary>
internal static class ServiceViews
{
    public static Command DefineTop() =>
        new()
        {
            Name = "top",
            Summary = "Show the processes of the services",
            Usage = "[SERVICE...]",
            Completes = [Completion.Service],
            Run = Top,
        };

    public static Command DefinePort() =>
        new()
        {
            Name = "port",
            Summary = "Show where a port of a service is published",
            Usage = "[OPTIONS] SERVICE PRIVATE_PORT",
            Flags = [ServiceDelegates.Index, Flag.Text("protocol", "tcp, udp or sctp") with { Default = "tcp" }],
            MinArguments = 2,
            MaxArguments = 2,
            Completes = [Completion.Service, Completion.None],
            Run = Port,
        };

    public static Command DefineImages() =>
        new()
        {
            Name = "images",
            Summary = "List the images that the containers were made of",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags = [Listing.FormatFlag(), Flag.Bool("quiet", "Only show ids", 'q')],
            Completes = [Completion.Service],
            Run = Images,
        };

    private static int Top(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        TopFormat format = TopFormat.Parse([], 0);
        StringBuilder text = new();
        foreach (ObservedContainer container in observed.Of(invocation.Arguments, invocation).Where(static c => c.State.IsUp))
        {
            if (text.Length == 0)
            {
                text.Append("SERVICE\t#\t").AppendJoin('\t', format.Columns.Select(static c => c.Title)).Append('\n');
            }
            foreach (TopProcess process in TopCommand.Processes(container.Record, container.State, format))
            {
                text.Append(container.Service).Append('\t').Append(container.Number).Append('\t').Append(TopCommand.Line(format, process));
            }
        }
        invocation.Output.Write(Columns.Align(text.ToString(), minimum: 4, gap: 2));
        return 0;
    }

    private static int Port(Invocation invocation)
    {
        ObservedContainer container = ServiceDelegates.One(invocation, invocation.Arguments[0]);
        string protocol = invocation.Value("protocol") ?? "tcp";
        string wanted = $"{invocation.Arguments[1]}/{protocol}";
        foreach (PublishedPort port in container.State.Ports)
        {
            if ($"{port.ContainerPort}/{port.Protocol}" == wanted)
            {
                string address = port.HostIp.Contains(':', StringComparison.Ordinal) ? $"[{port.HostIp}]" : port.HostIp;
                invocation.Output.Line($"{address}:{port.HostPort}");
                return 0;
            }
        }
        throw new SkiffException($"the container {container.Record.Name} publishes no port {wanted}");
    }

    private static int Images(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        IReadOnlyList<ObservedContainer> containers = observed.Of(invocation.Arguments, invocation, oneOff: true);
        bool table = (invocation.Value("format") ?? "") is not "json";
        if (invocation.Is("quiet"))
        {
            foreach (string id in containers.Select(static c => c.Record.ImageId).Distinct())
            {
                invocation.Output.Line(id.StartsWith("sha256:", StringComparison.Ordinal) ? id[7..] : id);
            }
            return 0;
        }
        List<Value> rows = [];
        foreach (ObservedContainer container in containers)
        {
            ContainerRecord record = container.Record;
            Image? image = observed.Engine.Images.Find(record.ImageId);
            int colon = record.Image.LastIndexOf(':');
            bool tagged = colon > record.Image.LastIndexOf('/');
            long size = image?.Size ?? 0;
            rows.Add(
                Value.Row(
                    null,
                    ("ID", Value.Of(table && record.ImageId.Length > 19 ? record.ImageId[7..19] : record.ImageId)),
                    ("ContainerName", Value.Of(record.Name)),
                    ("Repository", Value.Of(tagged ? record.Image[..colon] : record.Image)),
                    ("Tag", Value.Of(tagged ? record.Image[(colon + 1)..] : "latest")),
                    ("Platform", Value.Of(record.Platform)),
                    ("Size", table ? Value.Of(Human.ShortSize(size)) : Value.Of(size)),
                    ("Created", Value.Of(Created(image?.Config.Created, table)))
                )
            );
        }
        new Listing(
            "{{.ContainerName}}\t{{.Repository}}\t{{.Tag}}\t{{.Platform}}\t{{.ID}}\t{{.Size}}\t{{.Created}}",
            ("ContainerName", "CONTAINER"),
            ("Repository", "REPOSITORY"),
            ("Tag", "TAG"),
            ("Platform", "PLATFORM"),
            ("ID", "IMAGE ID"),
            ("Size", "SIZE"),
            ("Created", "CREATED")
        )
        {
            MinimumWidth = 20,
            IsArray = true,
        }.Write(invocation.Output, invocation.Value("format"), rows);
        return 0;
    }

    private static string Created(DateTimeOffset? time, bool table) =>
        time is not { } known ? (table ? "N/A" : "")
        : table ? Human.Ago(known, TimeProvider.System.GetUtcNow())
        : known.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
